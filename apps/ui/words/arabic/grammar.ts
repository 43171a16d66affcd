import { pluralIn } from '../../language/plural.ts';

/*
 * المصطلحات: adapter مهايئ · base النموذج الأساسي · board هيئة · bit for bit بتًا ببت · constitution دستور · contribution مساهمة ·
 * corpus مدوّنة · data card بطاقة بيانات · delta فرق · derive again إعادة اشتقاق · hash بصمة · held-out محجوز · join انضمام ·
 * join token كلمة الانضمام · journal سجل · loss خسارة · merge دمج · node عقدة · presenter مقدّم · principle مبدأ ·
 * prompt موجّه · protected domain نطاق محمي · receipt إيصال · recipe وصفة · relay مرحّل · reward مكافأة · round جولة ·
 * run تدريب مشترك («التدريب») · stage مرحلة · step خطوة · token (of text) رمز.
 */

/** The forms of Arabic plural rules. */
export const pluralForms = ['zero', 'one', 'two', 'few', 'many', 'other'] as const;

export const plural = pluralIn('ar', pluralForms);

/** A name, command or address that keeps its own direction within a sentence that runs from right to left. */
export function isolated(text: string): string {
  return `\u2068${text}\u2069`;
}

/** Counted nouns in the genitive, as after a preposition. */
export const roundsOf = (count: number) =>
  plural(count, {
    zero: '# جولة',
    one: 'جولة واحدة',
    two: 'جولتين',
    few: '# جولات',
    many: '# جولة',
    other: '# جولة',
  });

export const contributionsOf = (count: number) =>
  plural(count, {
    zero: '# مساهمة',
    one: 'مساهمة واحدة',
    two: 'مساهمتين',
    few: '# مساهمات',
    many: '# مساهمة',
    other: '# مساهمة',
  });

export const entriesOf = (count: number) =>
  plural(count, {
    zero: '# قيد في السجل',
    one: 'قيد واحد في السجل',
    two: 'قيدين في السجل',
    few: '# قيود في السجل',
    many: '# قيدًا في السجل',
    other: '# قيد في السجل',
  });

export const tokensOf = (count: number) =>
  plural(count, {
    zero: '# رمز',
    one: 'رمز واحد',
    two: 'رمزين',
    few: '# رموز',
    many: '# رمزًا',
    other: '# رمز',
  });

export const stepsOf = (count: number) =>
  plural(count, {
    zero: '# خطوة',
    one: 'خطوة واحدة',
    two: 'خطوتين',
    few: '# خطوات',
    many: '# خطوة',
    other: '# خطوة',
  });

export const nodesOf = (count: number) =>
  plural(count, {
    zero: '# عقدة',
    one: 'عقدة واحدة',
    two: 'عقدتين',
    few: '# عقد',
    many: '# عقدة',
    other: '# عقدة',
  });

export const rowsOf = (count: number) =>
  plural(count, {
    zero: '# صف',
    one: 'صف واحد',
    two: 'صفين',
    few: '# صفوف',
    many: '# صفًا',
    other: '# صف',
  });

export const filesOf = (count: number) =>
  plural(count, {
    zero: '# ملف',
    one: 'ملف واحد',
    two: 'ملفين',
    few: '# ملفات',
    many: '# ملفًا',
    other: '# ملف',
  });

export const parametersOf = (count: number) =>
  plural(count, {
    zero: '# مَعلَمة',
    one: 'مَعلَمة واحدة',
    two: 'مَعلَمتين',
    few: '# مَعلَمات',
    many: '# مَعلَمة',
    other: '# مَعلَمة',
  });

export const promptsOf = (count: number) =>
  plural(count, {
    zero: '# موجّه',
    one: 'موجّه واحد',
    two: 'موجّهين',
    few: '# موجّهات',
    many: '# موجّهًا',
    other: '# موجّه',
  });

export const votesOf = (count: number) =>
  plural(count, {
    zero: '# صوت',
    one: 'صوت واحد',
    two: 'صوتين',
    few: '# أصوات',
    many: '# صوتًا',
    other: '# صوت',
  });

/** A sentence that says how many nodes are here. */
export const presentOf = (count: number) =>
  plural(count, {
    zero: 'لا عقد هنا.',
    one: 'هنا عقدة واحدة.',
    two: 'هنا عقدتان.',
    few: 'هنا # عقد.',
    many: 'هنا # عقدة.',
    other: 'هنا # عقدة.',
  });
