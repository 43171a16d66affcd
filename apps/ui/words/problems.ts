/**
 * The problems that have texts of their own in other languages than English: those that pages raise themselves, and those that people
 * meet most while they contribute or audit.
 */
export const translatedProblems = [
  'adapter.missing',
  'audit.no-receipt',
  'corpus.none',
  'corpus.not-text',
  'corpus.too-short',
  'device.lost',
  'evaluate.no-token',
  'evaluate.not-granted',
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

/**
 * The families of the other problems: what their codes have before the point. A family's text says what is concerned and what to do; the
 * error's own, which is shown beside it, names files and numbers.
 */
export const problemFamilies = [
  'adapter',
  'build',
  'card',
  'chat',
  'constitution',
  'corpus',
  'dataset',
  'device',
  'disk',
  'host',
  'identity',
  'lineage',
  'model',
  'program',
  'protected',
  'recipe',
  'relay',
  'run',
  'text',
  'training',
] as const;
export type ProblemFamily = (typeof problemFamilies)[number];

/** The prefixes of codes that belong to a family with another name. */
const prefixes: Readonly<Record<string, ProblemFamily>> = {
  base: 'model',
  batch: 'program',
  checkpoint: 'program',
  config: 'model',
  delta: 'training',
  evaluate: 'relay',
  example: 'dataset',
  examples: 'dataset',
  generate: 'text',
  gguf: 'model',
  manifest: 'run',
  merge: 'model',
  pattern: 'protected',
  peft: 'model',
  rebase: 'build',
  reward: 'build',
  safetensors: 'model',
  sampler: 'program',
  shader: 'device',
  state: 'program',
  tokenizer: 'model',
  train: 'training',
  usage: 'program',
  verify: 'run',
  votes: 'constitution',
};

/** The family of a problem by its code; null if it has none, so that its English stands alone. */
export function familyOf(code: string): ProblemFamily | null {
  const [prefix = ''] = code.split('.');
  return problemFamilies.find((family) => family === prefix) ?? prefixes[prefix] ?? null;
}

interface Said {
  /** What the problem means. */
  readonly message: string;
  /** What to do about it. */
  readonly next: string;
}

/** What problems mean and what to do, by code or by family. */
export type ProblemWords = Readonly<Record<(typeof translatedProblems)[number] | ProblemFamily, Said>>;

/** What the verifier may find, by the codes that it gives; see relay/verify/problems.ts, which also says what the values are. */
export const findingCodes = [
  'entry.form',
  'entry.chain',
  'entry.rule',
  'entry.signature',
  'entry.derived',
  'entry.payload',
  'entry.expected',
  'journal.empty',
  'journal.cut-off',
  'journal.rounds-missing',
  'journal.forked',
  'journal.damaged',
  'blob.missing',
  'blob.changed',
  'blob.withheld',
  'blob.not-finite',
  'upload.changed',
  'file.misplaced',
  'key.other',
  'evidence.unsigned',
  'more',
] as const;

/** What each finding means. The first value is an entry, or a count; the second a count. */
export type FindingWords = Readonly<
  Record<(typeof findingCodes)[number], (value: number, least: number) => string>
>;
