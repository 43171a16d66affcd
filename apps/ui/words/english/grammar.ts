import { pluralIn } from '../../language/plural.ts';

/** The forms of English plural rules. */
export const pluralForms = ['one', 'other'] as const;

export const plural = pluralIn('en', pluralForms);
