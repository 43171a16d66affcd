import type { Messages } from '../catalogue.ts';

/** What a browser that cannot train is told, in Chinese. */
export const unsupportedWords: Messages['unsupported'] = {
  'insecure-context': {
    heading: 'WebGPU 需要安全的地址',
    why: '浏览器只对 https:// 和 localhost 提供 WebGPU，而本页面是通过普通 http 加载的。',
    steps: [
      '请运行中继的人用 --tls auto 启动它，然后打开它的 https:// 地址。',
      '如果中继就在这台机器上运行，请改为打开同一端口的 http://localhost。',
    ],
  },
  'no-webgpu': {
    heading: '此浏览器没有 WebGPU',
    why: '训练通过 WebGPU 在你的 GPU 上进行，而此浏览器不提供 WebGPU。',
    steps: [
      'Chrome 和 Edge：Windows、macOS 和 ChromeOS 上从第 113 版起，Android 上从第 121 版起。',
      'Safari：macOS、iOS 和 iPadOS 上从第 26 版起。',
      'Firefox：Windows 上从第 141 版起，Apple 芯片的 Mac 上从第 145 版起。',
      '在 Linux 上，用 Chrome 打开 chrome://flags，启用“Unsafe WebGPU Support”和“Vulkan”，然后重启浏览器。',
    ],
  },
  'no-adapter': {
    heading: '浏览器没有找到可用的 GPU',
    why: '浏览器有 WebGPU，但没有找到适配器。可能缺少驱动程序，或者驱动程序在浏览器的屏蔽名单上。',
    steps: [
      '更新显卡驱动程序，重启浏览器，然后重新加载本页面。',
      '在 Chrome 或 Edge 中，chrome://gpu 会说明原因；chrome://flags 中的“Override software rendering list”可以解除屏蔽名单。',
      '在浏览器设置中打开“在可用时使用图形加速”。',
    ],
  },
  watch: '观看训练任务',
  watchWhy: '此设备可以观看其他人训练，并试用他们做出的基座模型。',
  headless: '这台机器不用浏览器也能参加：用 Node 或 Deno。README 说明了做法。',
  retry: '重新检查',
};
