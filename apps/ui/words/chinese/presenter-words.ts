import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of whoever presents a run in a hall, in Chinese. */
export const presenterWords: Messages['presenter'] = {
  title: '主持',
  start: '开始',
  resume: '继续',
  pause: '本轮后暂停',
  extend: '再加一分钟',
  end: '结束训练任务',
  endAsk: '要为所有人结束训练任务吗？如果贡献足够，正在进行的一轮仍会提交。',
  endYes: '是，结束',
  cancel: '取消',
  remove: (node) => `移除 ${node}`,
  removeAsk: (node) => `要移除 ${node} 吗？它不能再加入这次训练任务。它已有的贡献会留在基座模型里。`,
  removeWhich: '要移除哪个节点？',
  removeNone: '选择一个节点',
  removeYes: '是，移除',
  lobby: (nodes) => plural(nodes, { other: '已有 # 个节点。主持人按下“开始”后，训练任务就开始。' }),
  paused: '主持人已暂停',
  pausing: '本轮结束后，训练任务将暂停。',
  outcomes: {
    done: '完成。',
    'not-now': '现在不能这样做。',
    gone: '这个节点已经离开。',
    refused: '中继没有接受主持人的密钥。请打开它上次启动时显示的地址。',
    unreachable: '中继没有应答。请再试一次。',
  },
};
