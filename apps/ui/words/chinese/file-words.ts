import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of the files that a page gives to the person, in Chinese. */
export const fileWords: Messages['files'] = {
  save: '保存到文件夹',
  saved: (count) => plural(count, { other: '已保存 # 个文件。' }),
  files: '文件',
};
