import type { FindingWords } from '../../problems.ts';

/** What the verifier finds, by its codes, in Arabic. */
export const findingWords: FindingWords = {
  'entry.form': (entry) => `القيد ${entry} في السجل ليس على صيغة نوعه.`,
  'entry.chain': (entry) => `القيد ${entry} في السجل غُيّر، أو لا يلي القيد الذي قبله.`,
  'entry.rule': (entry) => `القيد ${entry} في السجل يخالف قاعدة من قواعد التدريب.`,
  'entry.signature': (entry) => `في القيد ${entry} من السجل توقيع ليس لمن يجب أن يكون له.`,
  'entry.derived': (entry) => `القيد ${entry} في السجل يقول غير ما تعطيه المساهمات.`,
  'entry.payload': (entry) => `ما رُفع للقيد ${entry} في السجل ليس فرقًا من هذا التدريب.`,
  'entry.expected': (entry) => `القيد ${entry} في السجل يذكر تدريبًا أو مرحّلًا غير المتوقع.`,
  'journal.empty': () => 'لا قيد في السجل.',
  'journal.cut-off': (entries, least) =>
    `قُطع آخر السجل: ليس فيه إلا القيود حتى ${entries}، وكان قيد لاحق (${least}) معروفًا من قبل.`,
  'journal.rounds-missing': (rounds) => `ينتهي السجل بعد الجولة ${rounds}، وكانت جولة لاحقة قد اعتُمدت.`,
  'journal.forked': (entry) => `أظهر المرحّل سجلين مختلفين: يفترقان حتى القيد ${entry}.`,
  'journal.damaged': () => 'ملف السجل تالف.',
  'blob.missing': () => 'ينقص ملف من ملفات التدريب.',
  'blob.changed': () => 'غُيّر ملف من ملفات التدريب: بايتاته لا تطابق التجزئة التي تسميه.',
  'blob.withheld': () => 'يحجب المرحّل ملفًا مع أن جولته انتهت.',
  'blob.not-finite': () => 'في ملف من ملفات التدريب قيم ليست أعدادًا.',
  'upload.changed': () => 'غُيّر جزء من رفع لم يكتمل.',
  'file.misplaced': () => 'في المجلد ملف ليس مكانه هناك.',
  'key.other': () => 'المفتاح في المجلد ليس المفتاح الذي يذكره البيان.',
  'evidence.unsigned': () => 'إيصال أو نقطة تحقق محفوظة ليست موقّعة من مرحّل هذا التدريب.',
  more: (count) => `مشكلات أخرى لم تُذكر هنا: ${count}.`,
};
