import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of the scenes that are shown in a hall, in Chinese. */
export const sceneWords: Messages['scenes'] = {
  open: '演示',
  close: '退出演示',
  keys: '按键：1 到 5 和方向键切换场景，Esc 退出。持有主持人密钥时：S 开始，P 暂停，M 加一分钟，R 移除节点，E 结束训练任务。',
  fewKeys: '按键：方向键切换场景，Esc 退出。',
  keysOn: '打开字母键',
  keysOff: '关闭字母键',
  names: { join: '加入', weave: '编织', learn: '学习', speak: '说话', thanks: '致谢' },
  joinHow: '扫描二维码，选择文本，按“开始”。文本会留在你的设备上。',
  here: (nodes) => plural(nodes, { other: '已有 # 个节点。' }),
  round: (round, rounds) => `第 ${round} 轮，共 ${rounds} 轮`,
  contributions: (given, target) => plural(target, { other: `${given} / # 份贡献` }),
  left: (time) => `还剩 ${time}`,
  loss: (from, to) => `损失 ${from} → ${to}`,
  lossOf: { probe: '由中继测量', heldOut: '在节点留出的文本上，由节点报告' },
  noLoss: '两轮提交后，曲线开始。',
  chart: (from, to, best, worst) =>
    `平均损失从 ${from} 变为 ${to}。最好的语料是 ${best}，最差的是 ${worst}。`,
  thanksHeading: '谢谢大家',
  thanks: (contributions, tokens) =>
    [
      plural(contributions, { other: '# 份贡献' }),
      plural(tokens, { other: '# 个 token' }),
      '一个基座模型。',
    ].join('，'),
  print: '打印',
  picture: '保存图片',
  ownThreads: '有边框、上方有横条的是你的线。',
  /** Bases that write for the room. */
  speech: {
    prompt: '你的提示',
    send: '发送',
    starts: '或者让一份语料开头',
    shown: '所有人都会看到它，各轮的基座模型会续写它。中继不保存它。',
    sent: {
      taken: '已发送。轮到它时就会显示。',
      unfit: '这不能作为提示：需要有字母或数字，且不能有不可见的字符。',
      full: '等待的提示太多。请一分钟后再试。',
      failed: '中继没有接受它。请再试一次。',
    },
    writing: '正在写…',
    waiting: (prompts) => plural(prompts, { other: '还有 # 个提示在等待。' }),
    skip: '下一个提示（N）',
  },
};
