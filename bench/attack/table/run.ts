import * as v from 'valibot';
import { type MergeName, mergeOf } from '../../../apps/cli/run/choices/merge-choices.ts';
import type { QualityName } from '../../../apps/cli/run/choices/quality-choices.ts';
import { newRun } from '../../../apps/cli/run/new-run.ts';
import { Random } from '../../../client/random.ts';
import { checkPayload } from '../../../relay/run/aggregate.ts';
import { manifestBytesOf, parseManifest } from '../../../relay/run/manifest.ts';
import { bounded, NormBound } from '../../../relay/run/norm-bound.ts';
import { type FoldedContribution, RoundFold } from '../../../relay/run/round-fold.ts';
import { hashOfBytes } from '../../../relay/storage/sha256.ts';
import type { Codec } from '../../../relay/wire/codec/codec.ts';
import { WireError } from '../../../relay/wire/frames.ts';
import type { Text } from '../../shakespeare.ts';
import { attacks } from '../kinds.ts';
import { type KeyedContribution, MeasuredRounds } from './measured.ts';
import type { TinyLayout } from './model.ts';
import { batch, type Contributed, steps, TrainingNodes } from './nodes.ts';

/** Who attacks, and in which way. */
export interface Case {
  readonly rule: MergeName;
  /** A name of `attacks`, `sybil`, `disguised` or `absent`. */
  readonly kind: string;
  readonly honest: number;
  readonly hostile: number;
  readonly seed: number;
  /** Per cent of a round's weight that one contribution may have. */
  readonly weightShare: number;
  readonly quality: QualityName;
  /** Contributions of a round that are scored. */
  readonly evaluations: number;
}

const byNode = v.strictObject({ honest: v.number(), hostile: v.number() });

export const outcomeSchema = v.strictObject({
  /** Held-out loss of the last base, in nats a character. */
  loss: v.number(),
  /** Contributions that the merge rule left out. */
  excluded: byNode,
  /** Contributions that do not count, by what was measured of them. */
  uncounted: byNode,
  /** Hostile contributions that the relay refused. */
  refused: v.number(),
  /** Processor time of the merges, in ms a round. */
  mergeMs: v.number(),
});
export type Outcome = v.InferOutput<typeof outcomeSchema>;

/** Keys of one person who has so many addresses as others have keys: the usual seats of an address. */
const seats = 4;

/** The wire, limits and merge rule of a real run, but for a model of the bench's own. */
function runOf({ rule, weightShare, quality, evaluations }: Case, layout: TinyLayout, rounds: number) {
  const { manifest } = newRun({
    ...{ name: 'attack', preset: 'nano', rounds, steps, batch: 1, corpora: [], quorum: 1 },
    ...{
      deadlineMs: 3_600_000,
      graceMs: 15_000,
      readers: 'anyone',
      created: 0,
      seed: 0,
      maxNodes: 64,
      ...{ weightShare, quality, evaluations },
      probe: { tokens: new Uint32Array(2), maxIncrease: 100 },
    },
  });
  const model = { ...manifest.model, parameters: layout.length };
  const encoding = manifest.codec;
  if (encoding?.case !== 'dense') throw new Error('the bench is for the dense codec');
  const clipNorm = 0.05 * Math.sqrt(layout.length);
  const draft = {
    ...manifest,
    model,
    codec: { case: 'dense' as const, value: { ...encoding.value, clipNorm } },
    merge: mergeOf(rule, 'dense', layout, null),
  };
  const sized = (payloadBytes: number) => ({ ...draft, limits: { ...manifest.limits, payloadBytes } });
  const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };
  const blocks = Math.ceil(layout.length / (encoding.value.block ?? 1));
  return parseManifest(manifestBytesOf(sized(layout.length + blocks), keys));
}

/** A run of so many rounds, with the relay's own checks, norm bound, merge and outer step. */
export async function attackedRun(text: Text, one: Case, rounds: number): Promise<Outcome> {
  const { kind, honest, hostile, seed } = one;
  const nodes = new TrainingNodes(text, honest, seed);
  const { layout } = nodes;
  const run = runOf(one, layout, rounds);
  const { manifest, codec } = run;
  const measuring = new MeasuredRounds(run, (base) => nodes.probeLoss(base));
  const lazy = new TrainingNodes(text, Math.max(1, hostile), seed + 500, () => 1);
  const uncounted = { honest: 0, hostile: 0 };
  const fold = new RoundFold(manifest, codec, [layout.initial(Random.seeded(seed))]);
  const bound = new NormBound(manifest, codec);
  const before: Float32Array[][] = [];
  const excluded = { honest: 0, hostile: 0 };
  let [refused, mergeMs] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    const inRound = bounded(codec, bound.value);
    const good = nodes.contribute(fold.base, inRound);
    const deltas = good.map(({ payload }) => decoded(payload, codec, layout.length));
    const sight = { honest: deltas, before, bound: bound.value, steps };
    const bad =
      kind === 'over-claimed' && hostile > 0
        ? lazy.contribute(fold.base, inRound).map(({ payload }) => ({ payload, tokens: steps * batch }))
        : hostileOf(kind, hostile).map((attack, key) => {
            const random = Random.seeded(seed + key, 1000 + round);
            const sent = attack({ ...sight, key, random });
            return encodedWithin(varying.has(kind) ? varied(sent, random) : sent, key, inRound);
          });
    before.push(deltas);
    const accepted: KeyedContribution[] = [];
    for (const [i, one] of [...good, ...bad].entries()) {
      try {
        await checkPayload(one.payload, layout.length, inRound);
        accepted.push({ ...foldedOf(one), key: `${i}` });
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        refused++;
      }
    }
    const standing = await measuring.standing(round + 1, fold.base, accepted);
    const startedAt = process.cpuUsage();
    const folded = await fold.next(round + 1, standing);
    const { user, system } = process.cpuUsage(startedAt);
    mergeMs += (user + system) / 1000 / rounds;
    for (const index of folded.excluded) excluded[index < honest ? 'honest' : 'hostile']++;
    for (const [index, { tokens }] of folded.weighed.entries())
      if (tokens === 0) uncounted[index < honest ? 'honest' : 'hostile']++;
    measuring.committed(round + 1, standing, folded.weighed);
    bound.add(folded.norm);
    fold.commit(folded.state);
  }
  return { loss: nodes.loss(fold.base), excluded, uncounted, refused, mergeMs };
}

/** Kinds whose keys would send copies of each other. */
const varying: ReadonlySet<string> = new Set(['negative', 'within-spread', 'sybil', 'disguised']);

/** A delta with noise of half its length, so that it is no copy, and as long as before. */
function varied(delta: Float32Array<ArrayBuffer>, random: Random): Float32Array<ArrayBuffer> {
  const norm = Math.hypot(...delta);
  const scale = norm / 2 / Math.sqrt(delta.length);
  const noisy = delta.map((value) => value + random.normal() * scale);
  const length = Math.hypot(...noisy);
  return noisy.map((value) => (value * norm) / length);
}

/** What stands for a kind that is no kind of `attacks`. */
const stands: Readonly<Record<string, string>> = { sybil: 'negative-hidden', disguised: 'copied' };

/** What each hostile key sends. */
function hostileOf(kind: string, hostile: number) {
  if (kind === 'absent') return [];
  const attack = attacks[stands[kind] ?? kind];
  if (attack === undefined) throw new Error(`no kind ${kind}`);
  return Array.from({ length: kind === 'sybil' ? hostile * seats : hostile }, () => attack);
}

/** Encodes a hostile delta: it claims all tokens, and is as long as the relay accepts. Each key changes one value, since equal payloads are refused. */
function encodedWithin(delta: Float32Array<ArrayBuffer>, key: number, codec: Codec): Contributed {
  delta[key] = (delta[key] ?? 0) + codec.unit * 64;
  return { payload: codec.encode(delta, new Float32Array(delta.length)), tokens: steps * batch };
}

function foldedOf({ payload, tokens }: Contributed): FoldedContribution {
  return { tokens, payload: hashOfBytes(payload), part: 'whole', read: async () => payload };
}

function decoded(payload: Uint8Array, codec: Codec, length: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(length);
  codec.decode(payload, length, (index, integer) => {
    values[index] = integer * codec.unit;
  });
  return values;
}
