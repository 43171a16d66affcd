import type { commonWords } from './english/common-words.ts';
import type { english } from './english/english.ts';

/** The same keys as those of the English texts, with other texts. */
type Words<T> = T extends string
  ? string
  : T extends (...values: infer V) => string
    ? (...values: V) => string
    : { readonly [K in keyof T]: Words<T[K]> };

/** The problems that have texts in other languages than English; those that people meet most, and all that the pages raise themselves. */
export const translatedProblems = [
  'adapter.missing',
  'audit.no-receipt',
  'corpus.none',
  'corpus.not-text',
  'corpus.too-short',
  'device.lost',
  'page.unforeseen',
  'page.worker',
  'relay.already-connected',
  'relay.bad-token',
  'relay.cut-off',
  'relay.fault',
  'relay.removed',
  'relay.too-many',
  'relay.unreachable',
  'relay.wrong-protocol',
  'relay.wrong-run',
  'studio.no-adapter',
  'studio.no-breaches',
  'studio.no-dataset',
  'studio.no-file',
  'studio.no-model',
  'studio.too-large',
  'studio.unknown-file',
] as const;
type TranslatedProblem = (typeof translatedProblems)[number];

/** What a problem means and what to do, by its code. */
export type ProblemWords = Readonly<
  Record<TranslatedProblem, { readonly message: string; readonly next: string }>
>;

/** Every text that the pages show, in one language. The compiler refuses a language that lacks a text. */
export type Messages = Omit<Words<typeof english>, 'problems'> & {
  /** Null for English, the language of the errors themselves. */
  readonly problems: ProblemWords | null;
};

/** The texts that several pages show. */
export type CommonWords = Words<typeof commonWords>;
