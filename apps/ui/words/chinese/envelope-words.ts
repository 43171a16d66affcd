import type { Messages } from '../catalogue.ts';

/** The texts of the messages that a tab sent, opened, and of what can be guessed from a delta, in Chinese. */
export const envelopeWords: Messages['envelope'] = {
  open: '打开',
  close: '关闭',
  help: (each, size) =>
    `离开此标签页时的原始字节，按中继所用的同一模式解读。每种消息可打开最新的 ${each} 条，数据块最多 ${size}。`,
  message: '消息',
  entry: (time, size) => `${time}，${size}`,
  gone: '此标签页已不再保存这条消息。',
  field: '字段',
  value: '值',
  bytes: '字节',
  header: '消息的编号和长度',
  total: '总计',
  moreBytes: (size) => `还有 ${size}`,
  delta: '数据块所携带的增量',
  opening: '正在读取并攻击增量……',
  noDelta: {
    dropped: '这个增量有一部分尚未发送，或此标签页已不再保存。',
    'no-run': '这个增量属于之前的训练任务。',
  },
  carried: (round, size) => `第 ${round} 轮的增量，${size}。`,
  asOffered: '其 SHA-256 与报价所写的一致。',
  notAsOffered: '其 SHA-256 与报价所写的不一致。',
  picture: '增量改变了什么（逐个张量）',
  pictureHelp: '颜色越深，改变越大；没有颜色的格子为零。',
  tensor: '张量',
  changed: '非零值',
  norm: '范数',
  whole: '所有张量',
  guesses: '从中能猜出什么',
  guessesHelp: '在此标签页中对你自己的增量运行已知的攻击。读到增量的人也能这样做。结果和你的文本都留在这里。',
  tokens: '你的文本有哪些 token',
  named: '攻击指出的 token 数',
  precision: '其中在你文本里的（精确率）',
  recall: '你的 token 中被指出的（召回率）',
  blind: '盲猜的精确率',
  separation: '你的 token 排在其他之前的比例',
  separationHelp: '如果增量完全不透露 token，最后一个数会是 50%。',
  surest: '最有把握的猜测：',
  right: '（正确）',
  wrong: '（错误）',
  frequencies: '它们在你文本里有多频繁',
  frequenciesAre: (correlation) =>
    `猜出的 token 次序与真实次序的相关度为 ${correlation}。1 表示次序相同，0 表示毫无关联。`,
  frequenciesNone: '增量没有透露次序。',
  text: '你的文本逐字写了什么',
  textMany: (tokens, width) =>
    `此标签页没有尝试。已发表的攻击 DAGER（2024）在增量的 token 数少于模型宽度时能写出整段文本。这个增量有 ${tokens} 个 token，而模型宽度为 ${width}：这种攻击不能直接奏效。`,
  textFew: (tokens, width) =>
    `此标签页没有尝试。已发表的攻击 DAGER（2024）在增量的 token 数少于模型宽度时能写出整段文本。这个增量只有 ${tokens} 个 token，而模型宽度为 ${width}：这类攻击可能写出你的文本。`,
  textCaveat:
    '这并不证明安全。攻击会改进，读者可以把许多轮的增量放在一起，而且反复出现的文本会被背下来：在一次试验中，一句不断重复的话被逐字写了出来。',
};
