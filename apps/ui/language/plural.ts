import { formatCount } from '../format.ts';

/** Chooses the text of a count by the rules of a language, and writes the count in place of `#`. */
export type Plural<Form extends Intl.LDMLPluralRule> = (
  count: number,
  texts: Readonly<Record<Form | 'other', string>>,
) => string;

/**
 * The plural rules of the language with the tag `language`. `forms` are the forms that its rules tell apart: each text of a
 * count must have them all.
 */
export function pluralIn<const Form extends Intl.LDMLPluralRule>(
  language: string,
  forms: readonly Form[],
): Plural<Form> {
  const rules = new Intl.PluralRules(language);
  return (count, texts) => {
    const chosen = rules.select(count);
    const text = texts[forms.find((form) => form === chosen) ?? 'other'];
    return text.replaceAll('#', formatCount(count));
  };
}
