import { type Example, targetsOf } from '../../data/example.ts';
import type { ModelTokenizer } from '../../data/tokenizer.ts';
import { TapestryError } from '../../errors.ts';
import { sha256Hex } from '../../sha256.ts';
import { recipeHash } from '../../train/checkpoint.ts';
import type { FileRows } from '../data/read-rows.ts';
import type { Row } from '../data/row.ts';
import { type RowSplit, splitRows } from '../data/split-rows.ts';
import type { ProtectedDomains } from '../protect/domains.ts';
import { type Protection, type RemovedByRule, withoutProtectedRows } from '../protect/protected-rows.ts';
import type { StageRecipe } from '../recipe/recipe.ts';
import { type Examples, examplesOf } from './examples.ts';
import type { StageExample } from './loss/group-loss.ts';
import { labelExamples } from './loss/labels.ts';
import { pairExamples } from './loss/pairs.ts';
import { scoredPairs } from './loss/scores.ts';
import { promptExamples } from './reinforce/prompts.ts';

/** The numbers of lines and rows of a stage's files, and why some were left out. */
export interface StageCounts {
  /** Lines that hold something; those left out with a problem; rows equal to an earlier one. */
  readonly lines: number;
  readonly leftOut: number;
  readonly duplicates: number;
  /** Rows with a passage of a protected domain, by rule. */
  readonly protected: readonly RemovedByRule[];
  /** Rows on the side of a row whose prompt is nearly theirs. */
  readonly nearCopies: number;
  /** Rows longer than a sequence, and rows of a form that the stage does not use. */
  readonly tooLong: number;
  readonly unsuitable: number;
  /** Examples; a pair is two, and so is a labelled answer. */
  readonly train: number;
  readonly heldOut: number;
  /** Tokens of one epoch, and those of them that carry loss. */
  readonly tokens: number;
  readonly lossTokens: number;
}

/** The data of a stage as examples. */
export interface StageData {
  readonly train: readonly StageExample[];
  readonly heldOut: readonly StageExample[];
  readonly counts: StageCounts;
  readonly files: readonly { readonly name: string; readonly hash: string }[];
  /** SHA-256, in hex, of everything that determines the examples. */
  readonly hash: string;
}

/** The examples of a stage, whose held-out rows are drawn from its files. Throws `dataset.no-rows` if none is left to train on. */
export function stageData(
  files: readonly FileRows[],
  stage: StageRecipe,
  tokenizer: ModelTokenizer,
  sequence: number,
  domains: ProtectedDomains | null = null,
): StageData {
  const protection = domains && withoutProtectedRows(files, domains);
  const kept = protection?.files ?? files;
  const split = splitRows(
    kept.flatMap((file) => file.rows),
    stage.heldOutShare,
  );
  const lines = files.reduce((total, file) => total + file.lines, 0);
  const leftOut = files.reduce((total, file) => total + file.leftOut, 0);
  const named = files.map(({ name, hash }) => ({ name, hash }));
  const rows = { ...split, lines, leftOut, files: named };
  return splitData(rows, stage, tokenizer, sequence, protection);
}

/** Rows as the examples that a stage trains on. */
export function stageExamples(
  rows: readonly Row[],
  stage: StageRecipe,
  tokenizer: ModelTokenizer,
  sequence: number,
): Examples {
  if (stage.reinforce !== null) return promptExamples(rows, stage.reinforce, tokenizer, sequence);
  if (stage.kind === 'reward') return scoredPairs(rows, tokenizer, sequence);
  if (stage.kind !== 'prefer') return examplesOf(rows, stage, tokenizer, sequence);
  const read = stage.preference.loss === 'kto' ? labelExamples : pairExamples;
  return read(rows, tokenizer, sequence);
}

/** Rows that are already split, and the files that they came from. */
export interface SplitRows
  extends RowSplit,
    Pick<StageCounts, 'lines' | 'leftOut'>,
    Pick<StageData, 'files'> {}

/**
 * The examples of rows that are already split; `protection` says what was removed from them before. Throws `dataset.no-rows`.
 */
export function splitData(
  { files, lines, leftOut, duplicates, nearCopies, ...split }: SplitRows,
  stage: StageRecipe,
  tokenizer: ModelTokenizer,
  sequence: number,
  protection: Protection | null = null,
): StageData {
  const train = stageExamples(split.train, stage, tokenizer, sequence);
  const heldOut = stageExamples(split.heldOut, stage, tokenizer, sequence);
  const sum = (of: (example: Example) => number) =>
    train.examples.reduce((total, example) => total + of(example), 0);
  const counts: StageCounts = {
    ...{ lines, leftOut, duplicates, nearCopies },
    protected: protection?.removed ?? [],
    tooLong: train.tooLong + heldOut.tooLong,
    unsuitable: train.unsuitable + heldOut.unsuitable,
    train: train.examples.length,
    heldOut: heldOut.examples.length,
    tokens: sum(({ tokens }) => tokens.length),
    lossTokens: sum(targetsOf),
  };
  if (counts.train === 0) throw noRows(stage, counts);
  const { kind, trainsOnPrompts, heldOutShare } = stage;
  const hash = recipeHash({
    files: files.map((file) => file.hash),
    ...{ kind, trainsOnPrompts, heldOutShare, sequence },
    tokenizer: sha256Hex(tokenizer.file),
    chatTemplate: tokenizer.chatTemplate,
    ...(protection && { protected: protection.rules }),
  });
  return { train: train.examples, heldOut: heldOut.examples, counts, files, hash };
}

function noRows({ kind }: StageRecipe, { tooLong, unsuitable, leftOut }: StageCounts): TapestryError {
  return new TapestryError(
    'dataset.no-rows',
    `No row is left for the ${kind} stage to train on: ${leftOut} lines were left out, ${unsuitable} rows have columns that it does not use, ${tooLong} are too long.`,
    'docs/recipe.md names the columns that each kind of stage uses; sequence_len bounds the length of a row.',
  );
}
