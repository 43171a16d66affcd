import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** Every text on evaluators: on the dashboard, in an open round, and on the page that contributes, in Arabic. */
export const evaluatorWords: Messages['evaluators'] = {
  heading: 'المقيّمون',
  purpose: (quorum) =>
    `يقيّمون المساهمات بالخسارة على نص الاختبار. ${plural(quorum, {
      zero: 'مع # تقييم يقرر الوسيط',
      one: 'تقييم واحد يقرر',
      two: 'مع تقييمين يقرر الوسيط',
      few: 'مع # تقييمات يقرر الوسيط',
      many: 'مع # تقييمًا يقرر الوسيط',
      other: 'مع # تقييم يقرر الوسيط',
    })}؛ ومع ما هو أقل تقرر تقييمات المرحّل نفسه.`,
  none: 'لم تنتهِ أي جولة بعد.',
  scores: (round, scores, all) => `الجولة ${round}: وصلت تقييمات ${scores} من أصل ${all}`,
  waits: (time) => `يبقى ${time} على الأكثر`,
  states: {
    unheard: 'لم يُسمع منه بعد',
    here: 'حاضر',
    scored: 'قيّم',
    silent: 'صامت',
  },
  score: 'التقييم',
  scoredBy: 'من قيّم',
  relay: 'المرحّل',
  unit: 'يقول التقييم كم تخفض المساهمة الخسارة على نص الاختبار، بوحدة نات لكل رمز.',
  evaluate: 'قيّم',
  stop: 'أوقف التقييم',
  granted:
    'يذكر هذا التدريب مفتاحك بين المقيّمين. تستطيع بطاقتك الرسومية، بدل التدريب، أن تقيّم مساهمات الآخرين. ولا تحتاج إلى أي نص منك.',
  downloads: 'تنزّل في كل جولة النموذج الأساسي والمساهمات التي تُقيَّم، ولا ترسل إلا تقييمات عليها توقيعك.',
  keyHeading: 'قيّم لتدريب',
  keyFor: 'أعطِ مفتاح متصفحك هذا لمن يبدأ تدريبًا على هذا العنوان، فيعرض عليك التدريب عندئذ أن تقيّم:',
  opening: 'جارٍ فتح البطاقة الرسومية وقراءة السجل…',
  following: 'ينتظر انتهاء جولة.',
  answers: {
    taken: (round) => `الجولة ${round}: أُرسلت تقييماتك.`,
    late: (round) => `الجولة ${round}: وصلت تقييماتك متأخرة.`,
    refused: (round) => `الجولة ${round}: رفض المرحّل تقييماتك.`,
  },
  counted: (round) => `الجولة ${round}: تقييماتك في السجل.`,
  uncounted: (round) => `اعتُمدت الجولة ${round} من دون تقييماتك.`,
  waiting: 'المرحّل لا يجيب. سيُسأل من جديد.',
  done: 'اكتمل التدريب. شكرًا لك.',
  stopped: 'توقّف. تستمر الجولات من دون تقييماتك.',
};
