/** What a browser that cannot train is told. */
export const unsupportedWords = {
  'insecure-context': {
    heading: 'WebGPU needs a secure address',
    why: 'Browsers offer WebGPU only to https:// and localhost, and this page was loaded over plain http.',
    steps: [
      'Ask the person who runs the relay to start it with --tls auto, and open its https:// address.',
      'If the relay runs on this machine, open http://localhost with the same port instead.',
    ],
  },
  'no-webgpu': {
    heading: 'This browser has no WebGPU',
    why: 'Training runs on your GPU through WebGPU, which this browser does not offer.',
    steps: [
      'Chrome and Edge have it from version 113 on Windows, macOS and ChromeOS, and from 121 on Android.',
      'Safari has it from version 26, on macOS, iOS and iPadOS.',
      'Firefox has it from version 141 on Windows and 145 on Macs with Apple silicon.',
      'On Linux, open chrome://flags in Chrome, enable “Unsafe WebGPU Support” and “Vulkan”, and restart it.',
    ],
  },
  'no-adapter': {
    heading: 'The browser found no GPU that it can use',
    why: 'The browser has WebGPU, but it found no adapter. The driver may be missing or on the browser’s blocklist.',
    steps: [
      'Update the graphics driver, restart the browser and reload this page.',
      'In Chrome or Edge, look at chrome://gpu for the reason; “Override software rendering list” in chrome://flags lifts the blocklist.',
      'Turn on “Use graphics acceleration when available” in the browser’s settings.',
    ],
  },
  watch: 'Watch the run',
  watchWhy: 'This device can watch how the others train, and try the base that they make.',
  headless: 'This machine can still take part without a browser, with Node or Deno. The README explains how.',
  retry: 'Check again',
} as const;
