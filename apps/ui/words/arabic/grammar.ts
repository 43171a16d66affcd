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
