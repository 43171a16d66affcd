import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts about a base: trying it and taking it home, in Chinese. */
export const baseWords: Messages['bases'] = {
  heading: '试试基座模型',
  what: '共享模型在你的设备上接着你的话写。它很小：它模仿训练过的文本，不回答问题。你在这里写的内容不会发送。',
  notYet: '第一轮产生基座模型后，它就能写。',
  prompt: '开头',
  examplePrompt: '人人生而自由，',
  mode: '显示',
  modes: {
    rounds: '最后一轮之前和之后',
    samples: '最新基座模型写的两段文本，供选择',
  },
  downloads: (size) => `还不在此设备上的基座模型会先从中继下载，每个 ${size}。`,
  write: '写',
  stop: '停止',
  reading: '正在获取基座模型…',
  stopped: '已停止。',
  written: '文本已写完。',
  round: (round) => (round === 0 ? '第一轮之前' : `第 ${round} 轮之后`),
  sample: (letter) => `文本 ${letter}`,
  empty: '它什么也没写：文本立刻结束了。',
  vote: '哪段文本更好？',
  better: (letter) => `文本 ${letter} 更好`,
  equal: '都不好',
  voteHelp:
    '你的投票留在此设备上，其他人看不到。你可以把它们下载为“较好与较差文本”的成对数据，用于你自己的配方训练（“prefer”）。',
  voted: (votes) => plural(votes, { other: '此设备上存有 # 次投票。' }),
  thanks: '没有保存投票。',
  downloadVotes: '下载你的投票',
  ending: {
    heading: '把基座模型带回家',
    complete: (done, rounds) =>
      done === rounds
        ? plural(rounds, { other: '全部 # 轮已完成，不再有人训练。' })
        : plural(rounds, { other: `训练任务在 # 轮中的第 ${done} 轮之后结束，不再有人训练。` }),
    folder: (round, size) =>
      `第 ${round} 轮之后的基座模型，作为文件夹：权重（${size}）、配置、分词器，以及说明其来历的卡片。`,
    prepare: '准备文件',
    preparing: '正在获取基座模型…',
    whatNext: '接下来',
    studio: '离线在它之上构建你自己的模型：启动工作室，把文件夹拖到它的页面上。',
    chat: '让它在你的电脑上写：',
    audit: '在此浏览器中核对中继如何',
    auditWhy: '用所有人的贡献逐位得出它。',
  },
};
