import { auditWords } from './words/audit-words.ts';
import { contributeWords } from './words/contribute-words.ts';
import { presenterWords } from './words/presenter-words.ts';
import { sceneWords } from './words/scene-words.ts';
import { studioWords } from './words/studio-words.ts';

/**
 * Every text that the pages show. To add a language, write another object of type `Messages` and add it to `catalogues`
 * under its BCP 47 tag. The pages select the language by the browser's settings.
 */
const english = {
  brand: 'Tapestry',
  theme: {
    system: 'Colours: same as the system',
    light: 'Colours: light',
    dark: 'Colours: dark',
  },
  skip: 'Skip to the main content',
  hosts: { browser: 'Browser tab', node: 'Node', deno: 'Deno' },
  states: {
    syncing: 'Fetching',
    training: 'Training',
    uploading: 'Sending',
    waiting: 'Waiting',
    paused: 'Paused',
  },
  ownText: 'own text',
  unlistedCorpus: 'other',
  connection: {
    connecting: 'Connecting…',
    live: 'Live',
    stale: 'Out of date',
    staleSince: (time: string) => `The relay has not answered for ${time}. Reconnecting…`,
    unreadable: 'The relay is newer than this page. Reload the page.',
  },
  cloth: {
    label: 'Progress of the run',
    value: (done: number, rounds: number) => `${done} of ${rounds} rounds committed`,
    legend:
      'Strands are corpora, columns are rounds. A strand has colour in the rounds its corpus took part in.',
  },
  loss: {
    title: 'Loss',
    unit: 'nats per token, as nodes report it; for corpora, on text that they held out',
    training: 'Training, all nodes',
    probe: 'Measured by the relay',
    own: 'Your training loss',
    ownHeldOut: 'Loss of the base on your held-out text',
    round: 'Round',
    step: 'Step',
    empty: 'The curve starts when the first round commits.',
    ownEmpty: 'The curve starts with your first steps.',
    summary: (from: string, to: string) => `Loss went from ${from} to ${to}.`,
  },
  contribute: contributeWords,
  unsupported: {
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
    headless:
      'This machine can still take part without a browser, with Node or Deno. The README explains how.',
    retry: 'Check again',
  },
  studio: studioWords,
  presenter: presenterWords,
  audit: auditWords,
  scenes: sceneWords,
  dashboard: {
    title: 'Dashboard – Tapestry',
    fullScreen: 'Full screen',
    leaveFullScreen: 'Leave full screen',
    facts: (parameters: string, rounds: number, steps: number) =>
      `${parameters} parameters · ${rounds} rounds of ${steps} local steps`,
    round: 'Round',
    ofRounds: (rounds: number) => `of ${rounds}`,
    phases: {
      waiting: 'Waiting for nodes',
      training: 'Training',
      grace: 'Last contributions',
      complete: 'Complete',
    },
    waitingFor: (nodes: number, quorum: number) => `${nodes} of ${quorum} required nodes`,
    contributions: 'Contributions',
    ofTarget: (target: number) => `of ${target}`,
    timeLeft: 'Time left',
    completeHeading: (done: number, rounds: number) =>
      done === rounds
        ? `All ${rounds} rounds are complete`
        : `The run ended after ${done} of ${rounds} rounds`,
    completeLoss: (from: string, to: string) => `Held-out loss ${from} → ${to}, as nodes report it`,
    completeProbe: (loss: string) => `Loss ${loss}, measured by the relay`,
    nodes: 'Nodes',
    noNodes: 'No node has joined yet. Nodes appear here when they join.',
    nodesGone: 'All nodes have left.',
    showAll: (count: number) => `Show all ${count}`,
    showFewer: 'Show fewer',
    lossShort: 'loss',
    reported: 'Losses, steps, tokens and speeds are as the nodes report them.',
    rate: (tokens: string) => `${tokens}/s`,
    nodeSteps: (done: number, steps: number) => `step ${done} of ${steps}`,
    totals: 'Together',
    tokens: 'Tokens',
    tokensPerSecond: 'Reported tokens/s',
    accepted: 'Contributions accepted',
    moved: 'Bytes moved',
    less: (times: string) => `${times} less than data-parallel training`,
    dataParallel: (bytes: string) => `Exchanging gradients at every step would have moved ${bytes}.`,
    base: 'Base',
    baseFile: (size: string) => `${size} of 32-bit floats`,
    verify: 'Anyone who may read the contributions can derive this base again, bit for bit:',
    audit: 'Audit in this browser',
    sample: 'Text that the base writes',
    sampleRound: (round: number) => (round === 0 ? 'before the first round' : `after round ${round}`),
    noSample: 'Text that the model writes appears here after the first rounds.',
    join: 'Join',
    joinHow: 'Scan, or open in a browser with WebGPU:',
    joinSteps: ['Scan the code or open the address', 'Choose a text: it stays on your device', 'Press Start'],
    joinClosed: 'This run is complete. The relay serves its base under its hash.',
    qr: (address: string) => `QR code of ${address}`,
    localOnly:
      'This address works on this machine only. For other machines, start the relay with --host 0.0.0.0 --tls auto.',
    insecure: 'Browsers on other machines need https for WebGPU. Start the relay with --tls auto.',
  },
} as const;

/** The type of a catalogue: the same keys as `english`, with other texts. */
type Words<T> = T extends string
  ? string
  : T extends (...values: infer V) => string
    ? (...values: V) => string
    : { readonly [K in keyof T]: Words<T[K]> };
export type Messages = Words<typeof english>;

const catalogues: Readonly<Record<string, Messages>> = { en: english };

const found = navigator.languages
  .map((tag) => tag.split('-', 1)[0] ?? '')
  .find((tag) => Object.hasOwn(catalogues, tag));

/** The BCP 47 tag of the page's language, which is also used to format numbers. */
export const language = found ?? 'en';
export const messages: Messages = catalogues[language] ?? english;
