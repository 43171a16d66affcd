import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** Every text on evaluators: on the dashboard, in an open round, and on the page that contributes, in Chinese. */
export const evaluatorWords: Messages['evaluators'] = {
  heading: '评估者',
  purpose: (quorum) =>
    plural(quorum, {
      other: '他们按测试文本上的损失给贡献评分。有 # 份评分时由中位数决定；不足时采用中继自己的评分。',
    }),
  none: '还没有轮次结束。',
  scores: (round, scores, all) => `第 ${round} 轮：${all} 位中已有 ${scores} 位评分`,
  waits: (time) => `最多还等 ${time}`,
  states: {
    unheard: '尚无消息',
    here: '在线',
    scored: '已评分',
    silent: '无回应',
  },
  score: '评分',
  scoredBy: '评分者',
  relay: '中继',
  unit: '评分表示一份贡献使测试文本上的损失降低多少，单位为每 token 的 nat。',
  evaluate: '评估',
  stop: '停止评估',
  granted: '此训练任务把您的密钥列为评估者。您的 GPU 可以不训练，而为他人的贡献评分。它不需要您的任何文本。',
  downloads: '每一轮它会下载基座模型和要评分的贡献，只发送带有您签名的评分。',
  keyHeading: '为训练任务评估',
  keyFor:
    '请在训练任务开始之前，把此浏览器的这个密钥交给启动它的人：训练任务在开始时列出评估者，之后不能再添加。此地址上列出该密钥的训练任务会让您评估：',
  opening: '正在打开 GPU 并读取日志…',
  following: '等待一轮结束。',
  answers: {
    taken: (round) => `第 ${round} 轮：您的评分已发送。`,
    late: (round) => `第 ${round} 轮：您的评分来得太晚。`,
    refused: (round) => `第 ${round} 轮：中继拒绝了您的评分。`,
  },
  counted: (round) => `第 ${round} 轮：您的评分已记入日志。`,
  uncounted: (round) => `第 ${round} 轮提交时没有您的评分。`,
  waiting: '中继没有回应，会再次询问。',
  done: '训练任务已完成。谢谢。',
  stopped: '已停止。没有您的评分，轮次照常继续。',
};
