import * as v from 'valibot';
import { sha256Hex } from '../../sha256.ts';
import { canonicalJson } from '../json.ts';

const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = v.pipe(v.string(), v.maxLength(4096));
const figure = v.nullable(v.pipe(v.number(), v.finite()));

/** A model that another one was made from. */
const parentSchema = v.strictObject({
  /** Where it was read: a path, or the name of a model from elsewhere. */
  name: text,
  /** The hash of its values. */
  weights: hash,
  /** The run and the round that made it, as its files say; null for a model of no run. The id of a run is its manifest's hash. */
  run: v.nullable(v.strictObject({ id: hash, round: count })),
  /** The hash of its own record; null for a model without one. */
  record: v.nullable(hash),
});

/** A file of data, and the hash of its data card if it has one. */
const dataSchema = v.array(v.strictObject({ name: text, hash, card: v.nullable(hash) }));

const stageSchema = v.strictObject({
  kind: text,
  steps: count,
  data: dataSchema,
  /** The files of base text. */
  replay: dataSchema,
  /** Losses in nats a token, or mean rewards, before the stage and of its result; null if not measured. */
  figures: v.array(
    v.strictObject({
      name: v.picklist(['held-out rows', 'base text', 'reward', 'accuracy', 'margin']),
      before: figure,
      after: figure,
    }),
  ),
});

const shared = {
  kind: v.picklist(['base', 'derivative', 'adapter']),
  /** The hash of the values as a reader of the files finds them. */
  weights: hash,
  parents: v.pipe(v.array(parentSchema), v.minLength(1), v.maxLength(64)),
  /** The hash of the constitution; null for none. */
  constitution: v.nullable(hash),
  /** Version of the program. */
  code: text,
};

const buildSchema = v.strictObject({
  made: v.literal('build'),
  ...shared,
  recipe: hash,
  build: hash,
  stages: v.pipe(v.array(stageSchema), v.maxLength(64)),
});

const rebaseSchema = v.strictObject({
  ...buildSchema.entries,
  made: v.literal('rebase'),
  /** Whether the derivative was moved to the new base as it was, or tuned there. */
  chosen: v.picklist(['moved', 'tuned']),
});

const mergeSchema = v.strictObject({ made: v.literal('merge'), ...shared, method: text, recipe: hash });
const importSchema = v.strictObject({ made: v.literal('import'), ...shared });
const exportSchema = v.strictObject({ made: v.literal('export'), ...shared, type: text });

/** How one model was made: from which parents, by what, and on which data. Hashes are SHA-256 in hex. */
export const recordSchema = v.variant('made', [
  buildSchema,
  rebaseSchema,
  mergeSchema,
  importSchema,
  exportSchema,
]);

export type LineageRecord = v.InferOutput<typeof recordSchema>;
export type BuildRecord = v.InferOutput<typeof buildSchema>;
export type RebaseRecord = v.InferOutput<typeof rebaseSchema>;
export type MergeRecord = v.InferOutput<typeof mergeSchema>;
export type Parent = v.InferOutput<typeof parentSchema>;
export type DataFile = v.InferOutput<typeof dataSchema>[number];

/** A record's text, which its hash and its signature are of: its JSON with the keys in order, after a line that says what it is. */
export function recordText(record: LineageRecord): string {
  return `tapestry lineage 1\n${canonicalJson(record)}`;
}

/** SHA-256 of a record's text, in hex: its name. */
export function recordHash(record: LineageRecord): string {
  return sha256Hex(recordText(record));
}

/** Every file of data that a record names, base text among it. */
export function dataOf(record: LineageRecord): DataFile[] {
  if (record.made !== 'build' && record.made !== 'rebase') return [];
  return record.stages.flatMap(({ data, replay }) => [...data, ...replay]);
}
