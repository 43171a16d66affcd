import type { Messages } from '../catalogue.ts';
import { isolated, presentOf } from './grammar.ts';

/** The texts of whoever presents a run in a hall, in Arabic. */
export const presenterWords: Messages['presenter'] = {
  title: 'المقدّم',
  start: 'ابدأ',
  resume: 'تابع',
  pause: 'توقف مؤقتًا بعد هذه الجولة',
  extend: 'دقيقة أخرى',
  end: 'أنهِ التدريب',
  endAsk: 'أتريد إنهاء التدريب للجميع؟ تُعتمد الجولة المفتوحة إن كانت مساهماتها كافية.',
  endYes: 'نعم، أنهِه',
  cancel: 'إلغاء',
  remove: (node) => `أزل ${isolated(node)}`,
  removeAsk: (node) =>
    `أتريد إزالة ${isolated(node)}؟ لن تستطيع الانضمام إلى هذا التدريب ثانيةً. وما ساهمت به يبقى في النموذج الأساسي.`,
  removeWhich: 'أي عقدة تريد إزالتها؟',
  removeNone: 'اختر عقدة',
  removeYes: 'نعم، أزلها',
  lobby: (nodes) => `${presentOf(nodes)} يبدأ التدريب حين يضغط المقدّم «ابدأ».`,
  paused: 'أوقفه المقدّم مؤقتًا',
  pausing: 'يتوقف التدريب مؤقتًا بعد هذه الجولة.',
  outcomes: {
    done: 'تمّ.',
    'not-now': 'هذا غير ممكن الآن.',
    gone: 'غادرت هذه العقدة من قبل.',
    refused: 'لم يقبل المرحّل سرّ المقدّم. افتح العنوان الذي عرضه عند آخر تشغيل له.',
    unreachable: 'لم يُجب المرحّل. حاول ثانيةً.',
  },
};
