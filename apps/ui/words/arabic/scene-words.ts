import type { Messages } from '../catalogue.ts';
import { contributionsOf, isolated, plural, presentOf, tokensOf } from './grammar.ts';

/** The texts of the scenes that are shown in a hall, in Arabic. */
export const sceneWords: Messages['scenes'] = {
  open: 'اعرض',
  close: 'غادر العرض',
  keys: 'المفاتيح: الأرقام من 1 إلى 5 والأسهم تبدّل المشهد، وEscape يغادر. ومع سرّ المقدّم: S يبدأ، وP يوقف مؤقتًا، وM يمنح دقيقة، وR يزيل عقدة، وE ينهي التدريب.',
  fewKeys: 'المفاتيح: الأسهم تبدّل المشهد، وEscape يغادر.',
  keysOn: 'فعّل مفاتيح الحروف',
  keysOff: 'عطّل مفاتيح الحروف',
  names: { join: 'الانضمام', weave: 'النسج', learn: 'التعلّم', speak: 'الكلام', thanks: 'الشكر' },
  joinHow: 'امسح الرمز، واختر نصًا، واضغط «ابدأ». يبقى النص على جهازك.',
  here: presentOf,
  round: (round, rounds) => `الجولة ${round} من ${rounds}`,
  contributions: (given, target) => `${given} من أصل ${contributionsOf(target)}`,
  left: (time) => `بقي ${time}`,
  loss: (from, to) => `الخسارة ${from} ← ${to}`,
  lossOf: { probe: 'بقياس المرحّل', heldOut: 'على نص تحجزه العقد، كما تبلّغ عنها' },
  noLoss: 'يبدأ الخط عند اعتماد جولتين.',
  chart: (from, to, best, worst) =>
    `انتقل متوسط الخسارة من ${from} إلى ${to}. أفضل مدوّنة هي ${isolated(best)}، وأسوؤها ${isolated(worst)}.`,
  thanksHeading: 'شكرًا لكم',
  thanks: (contributions, tokens) =>
    `نموذج أساسي واحد، من ${contributionsOf(contributions)} و${tokensOf(tokens)}.`,
  print: 'اطبع',
  picture: 'احفظ الصورة',
  ownThreads: 'المحاطة بإطار وتحت شريط: خيوطك.',
  /** Bases that write for the room. */
  speech: {
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
  },
};
