import type { commonWords } from './english/common-words.ts';
import type { english } from './english/english.ts';

/** The same keys as those of the English texts, with other texts. */
type Words<T> = T extends string
  ? string
  : T extends (...values: infer V) => string
    ? (...values: V) => string
    : { readonly [K in keyof T]: Words<T[K]> };

/** Every text that the pages show, in one language. The compiler refuses a language that lacks a text. */
export type Messages = Words<typeof english>;

/** The texts that several pages show. */
export type CommonWords = Words<typeof commonWords>;
