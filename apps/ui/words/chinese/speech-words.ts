import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of the scene in which bases write for a room, in Chinese. */
export const speechWords: Messages['speech'] = {
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
};
