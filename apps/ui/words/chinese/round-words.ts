import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of a round that is open on the dashboard, in Chinese. */
export const roundWords: Messages['rounds'] = {
  choose: '已提交的轮次。方向键选择，回车打开。',
  round: (round, rounds) => `第 ${round} 轮，共 ${rounds} 轮`,
  open: (round) => `打开第 ${round} 轮`,
  before: '上一轮',
  next: '下一轮',
  close: '关闭',
  asking: '正在询问中继…',
  missing: '这一轮尚未提交。',
  failed: '中继没有回应。请关闭这一轮再打开。',
  contributions: '贡献',
  given: (contributions, excluded) =>
    excluded === 0 ? `${contributions}` : `${contributions}，其中 ${excluded} 个被排除`,
  tokens: 'token 数',
  steps: '步数',
  loss: '损失',
  trainingLoss: '训练损失',
  probeLoss: '由中继测量',
  committed: '提交时间',
  base: '基座模型',
  sample: '基座模型写的文本',
  who: '贡献者',
  leftOut: '（被排除）',
  upper: '（上层）',
  first: (shown) => plural(shown, { other: '只显示前 # 个；日志里有全部。' }),
  reported: '损失、步数和 token 数均由节点报告。',
};
