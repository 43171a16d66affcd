import { expect, test } from 'vitest';
import { Random } from '../../../../client/random.ts';
import { manifestBytesOf, parseManifest } from '../../../../relay/run/manifest.ts';
import { type MeanPart, RoundMean } from '../../../../relay/run/quality/round-mean.ts';
import { RoundFold } from '../../../../relay/run/round-fold.ts';
import { hashOfBytes } from '../../../../relay/storage/sha256.ts';
import type { PartName } from '../../../../relay/wire/fragments.ts';
import { payloadOfValues, tinyRun } from '../../../support/relay/run-support.ts';

const parameters = 100;
const from = 60;
const probe = { tokens: new Uint8Array(40), maxIncrease: 1, rounds: 1 };
const measures = {
  ...{ speedFactor: 8, workPart: 0.5, copyLikeness: 0.9, evaluations: 0, scoreTolerance: 0, scorePart: 0 },
  ...{ evaluators: [], evaluatorQuorum: 0, evaluationMs: 0 },
};
const created = tinyRun({
  ...{ parameters, upperFrom: from, probe, target: 9 },
  quality: { case: 'measured', value: measures },
});
const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };
const { manifest, codec, fragments } = parseManifest(manifestBytesOf(created.manifest, keys));

const random = Random.seeded(4);
const drawn = (length: number) => new Float32Array(length).map(() => random.normal() / 10);

function partOf(values: Float32Array<ArrayBuffer>, part: PartName, tokens: number): MeanPart {
  const payload = payloadOfValues(values);
  return { tokens, payload: hashOfBytes(payload), part, read: async () => payload };
}

/** What a payload represents of these values. */
function sent(values: Float32Array<ArrayBuffer>): Float32Array {
  const decoded = new Float32Array(values.length);
  codec.encode(values, decoded);
  return decoded;
}

test('each range of the mean is of the deltas that have its values, with one of them or without it', async () => {
  const [one, other, part] = [drawn(parameters), drawn(parameters), drawn(parameters - from)];
  const parts = [partOf(one, 'whole', 30), partOf(other, 'whole', 10), partOf(part, 'upper', 20)];
  const base = drawn(parameters);
  const fragment = fragments.at(1);
  const mean = await RoundMean.of(parts, fragments, codec, 2);
  const weights = (at: number) => (at < from ? [30, 10, 0] : [30, 10, 20]);
  const deltas = [sent(one), sent(other), [...new Float32Array(from), ...sent(part)]];
  for (const without of [null, 0, 1, 2]) {
    const made = await mean.from(base, fragment, without);
    for (const [at, value] of made.entries()) {
      const own = weights(at);
      const total = own.reduce((sum, weight) => sum + weight, 0);
      const delta = deltas.reduce(
        (sum, each, i) => sum + (i === without ? 0 : ((own[i] ?? 0) * (each[at] ?? 0)) / total),
        0,
      );
      expect(value).toBeCloseTo((base[at] ?? 0) - delta, 5);
    }
  }
});

test('a range to which nothing was contributed has a mean of zero', async () => {
  const base = drawn(parameters);
  const mean = await RoundMean.of([partOf(drawn(parameters - from), 'upper', 20)], fragments, codec, 1);
  const made = await mean.from(base, fragments.at(1), null);
  expect(made.slice(0, from)).toEqual(base.slice(0, from));
  expect((await mean.from(base, fragments.at(1), 0)).slice(from)).toEqual(base.slice(from));
});

test('a range with fewer contributions than the quorum has a mean of zero too', async () => {
  const base = drawn(parameters);
  const parts = [partOf(drawn(parameters), 'whole', 20), partOf(drawn(parameters - from), 'upper', 20)];
  const made = async (quorum: number, without: number | null) =>
    (await RoundMean.of(parts, fragments, codec, quorum)).from(base, fragments.at(1), without);
  for (const without of [null, 0, 1])
    expect((await made(2, without)).slice(0, from)).toEqual(base.slice(0, from));
  expect((await made(2, null)).slice(from)).toEqual((await made(1, null)).slice(from));
  expect((await made(1, null)).slice(0, from)).not.toEqual(base.slice(0, from));
});

/** What becomes of these contributions, all in the same time. */
async function reasonsOf(parts: readonly MeanPart[]) {
  const standing = { elapsedMs: 1000, pace: null, reputation: 64, score: null };
  const fold = new RoundFold(manifest, codec, [created.initialBase]);
  const { weighed } = await fold.next(
    1,
    parts.map((part) => ({ ...part, standing })),
  );
  return weighed.map(({ reason }) => reason);
}

test('a copy is found in each range: of a whole delta by a part, of a part by a whole delta, and in the lower layers alone', async () => {
  const [one, other, third, part] = [
    drawn(parameters),
    drawn(parameters),
    drawn(parameters),
    drawn(parameters - from),
  ];
  const scaled = (values: Float32Array<ArrayBuffer>) => values.map((value) => value * 0.9);
  const upperOf = (values: Float32Array<ArrayBuffer>) => values.slice(from);
  const withLower = drawn(parameters);
  withLower.set(scaled(one).subarray(0, from));
  const withUpper = drawn(parameters);
  withUpper.set(scaled(part), from);
  expect(
    await reasonsOf([
      ...[partOf(one, 'whole', 100), partOf(other, 'whole', 100), partOf(third, 'whole', 100)],
      ...[partOf(part, 'upper', 100), partOf(scaled(upperOf(other)), 'upper', 100)],
      ...[partOf(withLower, 'whole', 100), partOf(withUpper, 'whole', 100)],
    ]),
  ).toEqual([null, null, null, null, 'copy', 'copy', 'copy']);
});

test('a part is short only if it is short for its number of values', async () => {
  const whole = () => partOf(drawn(parameters), 'whole', 100);
  const honest = partOf(drawn(parameters - from), 'upper', 100);
  const short = partOf(
    drawn(parameters - from).map((value) => value / 10),
    'upper',
    100,
  );
  expect(await reasonsOf([whole(), whole(), whole(), honest, short])).toEqual([
    null,
    null,
    null,
    null,
    'short',
  ]);
});
