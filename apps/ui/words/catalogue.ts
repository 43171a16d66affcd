import type { commonWords } from './english/common-words.ts';
import type { english } from './english/english.ts';
import type { warningWords } from './english/warning/warning-words.ts';
import type { FindingWords, ProblemWords } from './problems.ts';

/** The same keys as those of the English texts, with other texts. */
type Words<T> = T extends string
  ? string
  : T extends (...values: infer V) => string
    ? (...values: V) => string
    : { readonly [K in keyof T]: Words<T[K]> };

/** Every text that the pages show, in one language. The compiler refuses a language that lacks a text. */
export type Messages = Omit<Words<typeof english>, 'problems' | 'findings'> & {
  /** Null for English, the language of the errors and of the verifier themselves. */
  readonly problems: ProblemWords | null;
  readonly findings: FindingWords | null;
};

/** The texts that several pages show. */
export type CommonWords = Words<typeof commonWords>;

/** The texts of the page before the browser's warning, which the relay itself gives. */
export type WarningWords = Words<typeof warningWords>;
