import type { CommonWords } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts that several pages show, in Chinese. */
export const commonWords: CommonWords = {
  brand: 'Tapestry',
  theme: {
    system: '颜色：跟随系统',
    light: '颜色：浅色',
    dark: '颜色：深色',
  },
  language: '语言',
  languageMissing: (language: string) => `中继没有应答，暂时无法载入${language}。`,
  skip: '跳到主要内容',
  hosts: { browser: '浏览器标签页', node: 'Node', deno: 'Deno' },
  states: {
    syncing: '下载中',
    training: '训练中',
    uploading: '发送中',
    waiting: '等待中',
    paused: '已暂停',
    following: '跟随中',
  },
  offline: { waiting: '正在保存页面…', ready: '可离线使用' },
  ownText: '自己的文本',
  unlistedCorpus: '其他',
  connection: {
    connecting: '正在连接…',
    live: '实时',
    stale: '数据已过时',
    staleSince: (time) => `中继已有 ${time} 没有应答。正在重新连接…`,
    unreadable: '中继比本页面新。请重新加载页面。',
  },
  cloth: {
    label: '训练任务的进度',
    value: (done, rounds) => plural(rounds, { other: `共 # 轮，已提交 ${done} 轮` }),
    legend: '每根线是一份语料，每一列是一轮。语料参加了哪一轮，它的线在那一轮就有颜色。',
  },
  loss: {
    title: '损失',
    unit: '单位为每 token 的 nat，由节点报告；各语料的损失在其留出的文本上测得',
    training: '训练，所有节点',
    probe: '由中继测量',
    own: '你的训练损失',
    ownHeldOut: '基座模型在你留出的文本上的损失',
    round: '轮',
    step: '步',
    empty: '第一轮提交后，曲线开始。',
    ownEmpty: '你训练出最初几步后，曲线开始。',
    summary: (from, to) => `损失从 ${from} 变为 ${to}。`,
  },
};
