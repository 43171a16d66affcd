import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of the scene in which bases write for a room, in Arabic. */
export const speechWords: Messages['speech'] = {
  prompt: 'موجّهك',
  send: 'أرسل',
  starts: 'أو دع مدوّنة تبدأ',
  shown: 'يراه الجميع، وتكمله النماذج الأساسية. ولا يحفظه المرحّل.',
  sent: {
    taken: 'أُرسل. يظهر حين يأتي دوره.',
    unfit: 'لا يصلح هذا موجّهًا: يلزمه حروف أو أرقام، وألا يكون فيه شيء غير مرئي.',
    full: 'تنتظر موجّهات كثيرة. حاول ثانيةً بعد دقيقة.',
    failed: 'لم يقبله المرحّل. حاول ثانيةً.',
  },
  writing: 'يكتب…',
  waiting: (prompts) =>
    plural(prompts, {
      zero: 'لا موجّه آخر ينتظر.',
      one: 'ينتظر موجّه آخر.',
      two: 'ينتظر موجّهان آخران.',
      few: 'تنتظر # موجّهات أخرى.',
      many: 'ينتظر # موجّهًا آخر.',
      other: 'ينتظر # موجّه آخر.',
    }),
  skip: 'الموجّه التالي (N)',
};
