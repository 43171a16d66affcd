import type { CommonWords } from '../catalogue.ts';
import { roundsOf } from './grammar.ts';

/** The texts that several pages show, in Arabic. */
export const commonWords: CommonWords = {
  brand: 'Tapestry',
  theme: {
    system: 'الألوان: كما في النظام',
    light: 'الألوان: فاتحة',
    dark: 'الألوان: داكنة',
  },
  language: 'اللغة',
  languageMissing: (language: string) => `لا يمكن تحميل ${language} ما دام المرحّل لا يجيب.`,
  skip: 'انتقل إلى المحتوى الرئيسي',
  hosts: { browser: 'لسان متصفح', node: 'Node', deno: 'Deno' },
  states: {
    syncing: 'تنزّل',
    training: 'تتدرّب',
    uploading: 'ترسل',
    waiting: 'تنتظر',
    paused: 'متوقفة مؤقتًا',
    following: 'تتابع فقط',
  },
  offline: { waiting: 'يجري حفظ الصفحة…', ready: 'تعمل دون اتصال' },
  ownText: 'نص خاص',
  unlistedCorpus: 'أخرى',
  connection: {
    connecting: 'يجري الاتصال…',
    live: 'مباشر',
    stale: 'غير محدّث',
    staleSince: (time) => `لم يُجب المرحّل منذ ${time}. تجري إعادة الاتصال…`,
    unreadable: 'المرحّل أحدث من هذه الصفحة. أعد تحميل الصفحة.',
  },
  cloth: {
    label: 'تقدّم التدريب',
    value: (done, rounds) => `اعتُمد ${done} من أصل ${roundsOf(rounds)}`,
    legend: 'الخيوط مدوّنات، والأعمدة جولات. يتلوّن الخيط في الجولات التي شاركت فيها مدوّنته.',
  },
  loss: {
    title: 'الخسارة',
    unit: 'بوحدة nat لكل رمز، كما تبلّغ عنها العقد؛ وللمدوّنات على نص محجوز منها',
    training: 'التدريب، كل العقد',
    probe: 'بقياس المرحّل',
    own: 'خسارة تدريبك',
    ownHeldOut: 'خسارة النموذج الأساسي على نصك المحجوز',
    round: 'الجولة',
    step: 'الخطوة',
    empty: 'يبدأ المنحنى عند اعتماد أول جولة.',
    ownEmpty: 'يبدأ المنحنى مع خطواتك الأولى.',
    summary: (from, to) => `انتقلت الخسارة من ${from} إلى ${to}.`,
  },
};
