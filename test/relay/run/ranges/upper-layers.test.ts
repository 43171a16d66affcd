import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../../../client/random.ts';
import { type ManifestDraft, manifestBytesOf, parseManifest } from '../../../../relay/run/manifest.ts';
import { type FoldedContribution, RoundFold } from '../../../../relay/run/round-fold.ts';
import { hashOfBytes } from '../../../../relay/storage/sha256.ts';
import type { PartName } from '../../../../relay/wire/fragments.ts';
import { codec, payloadOfValues, type TinyRun, tinyRun } from '../../../support/relay/run-support.ts';

type Merge = NonNullable<ManifestDraft['merge']>;

const parameters = 96;
/** Where a block of the codec begins, so that the halves of a payload are payloads. */
const from = 64;
const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };

function foldOf(options: TinyRun, state?: readonly Float32Array<ArrayBuffer>[]): RoundFold {
  const created = tinyRun({ quorum: 1, target: 9, ...options });
  const { manifest, codec: own } = parseManifest(manifestBytesOf(created.manifest, keys));
  return new RoundFold(manifest, own, state ?? [created.initialBase]);
}

interface Given {
  readonly part: PartName;
  readonly tokens: number;
  readonly seed: number;
}

const given = (part: PartName, tokens: number, seed: number): Given => ({ part, tokens, seed });

function contribution(payload: Uint8Array, part: PartName, tokens: number): FoldedContribution {
  return { tokens, payload: hashOfBytes(payload), part, read: async () => payload };
}

/** The payload of a whole delta; one of the upper layers has its end. */
function payloadOf({ part, seed }: Given): Uint8Array {
  const random = Random.seeded(seed, 5);
  const values = new Float32Array(parameters).map(() => random.normal() / 10);
  return payloadOfValues(part === 'whole' ? values : values.slice(from));
}

const contributionsOf = (all: readonly Given[]) =>
  all.map((one) => contribution(payloadOf(one), one.part, one.tokens));

const lowerBytes = codec.payloadBytes(from);

/** The same round as two of smaller models: one has the values below `from`, the other those from there on. */
function halvesOf(all: readonly Given[]) {
  const whole = all.filter(({ part }) => part === 'whole');
  return {
    lower: whole.map((one) => contribution(payloadOf(one).subarray(0, lowerBytes), 'whole', one.tokens)),
    upper: all.map((one) => {
      const payload = payloadOf(one);
      return contribution(one.part === 'whole' ? payload.subarray(lowerBytes) : payload, 'whole', one.tokens);
    }),
  };
}

const cut = (vectors: readonly Float32Array<ArrayBuffer>[], first: number, end = parameters) =>
  vectors.map((vector) => vector.slice(first, end));

/** Rules that ask nothing of the hashes of payloads, which halves do not have in common with their wholes. */
const rules: readonly (readonly [string, Merge, Merge, Merge])[] = [
  ['weighted mean', ...same({ case: 'weightedMean', value: {} })],
  ['soup', ...same({ case: 'soup', value: {} })],
  ['trimmed mean', ...same({ case: 'trimmedMean', value: { trim: 0.3 } })],
  ['centred clipping', ...same({ case: 'centredClipping', value: { iterations: 2, radiusFactor: 0.8 } })],
  ['TIES', ...same({ case: 'ties', value: { density: 0.3 } })],
  ['median norm', medianNorm([40, 40, 16]), medianNorm([40, 24]), medianNorm([16, 16])],
];

function same(merge: Merge): [Merge, Merge, Merge] {
  return [merge, merge, merge];
}

function medianNorm(tensors: number[]): Merge {
  return { case: 'medianNorm', value: { tensors, normFactor: 0.9 } };
}

const rounds = fc
  .uniqueArray(
    fc.record({
      part: fc.constantFrom<PartName>('whole', 'upper'),
      tokens: fc.integer({ min: 1, max: 900 }),
      seed: fc.nat(40),
    }),
    { minLength: 1, maxLength: 7, selector: ({ seed }) => seed },
  )
  .filter((all) => all.some(({ part }) => part === 'whole'));

test.each(rules)(
  '%s: each range is merged as a round of its own',
  async (_, merge, lowerMerge, upperMerge) => {
    await fc.assert(
      fc.asyncProperty(rounds, fc.constantFrom(100, 40), async (drawn, weightShare) => {
        // The trimmed mean orders equal values by hashes: with equal tokens it does not matter which of them counts.
        const all = merge.case === 'trimmedMean' ? drawn.map((one) => ({ ...one, tokens: 64 })) : drawn;
        const whole = foldOf({ parameters, upperFrom: from, merge, weightShare });
        const momentum = new Float32Array(parameters).map((_, i) => i / 100);
        const state = [whole.base, momentum];
        const { lower, upper } = halvesOf(all);
        const next = await foldOf({ parameters, upperFrom: from, merge, weightShare }, state).next(
          1,
          contributionsOf(all),
        );
        const below = foldOf({ parameters: from, merge: lowerMerge, weightShare }, cut(state, 0, from));
        const above = foldOf(
          { parameters: parameters - from, merge: upperMerge, weightShare },
          cut(state, from),
        );
        expect(cut(next.state, 0, from)).toEqual((await below.next(1, lower)).state);
        expect(cut(next.state, from)).toEqual((await above.next(1, upper)).state);
      }),
      { numRuns: 12 },
    );
  },
);

const allRules: readonly (readonly [string, Merge])[] = [
  ...rules.map(([name, merge]) => [name, merge] as const),
  ['DARE', { case: 'dare', value: { density: 0.5 } }],
  ['robust mean', { case: 'robustMean', value: { tensors: [40, 40, 16], normFactor: 1.25 } }],
];

test.each(allRules)(
  '%s: a range without a contribution does not move, and has the same momentum',
  async (_, merge) => {
    const momentum = new Float32Array(parameters).fill(0.5);
    const { base } = foldOf({ parameters });
    const fold = foldOf({ parameters, upperFrom: from, merge }, [base, momentum]);
    const { state } = await fold.next(1, contributionsOf([given('upper', 30, 1), given('upper', 10, 2)]));
    expect(cut(state, 0, from)).toEqual(cut([base, momentum], 0, from));
    for (const [i, vector] of cut(state, from).entries())
      for (const [at, value] of vector.entries()) expect(value).not.toBe([base, momentum][i]?.[from + at]);
  },
);

test('a range with fewer contributions than the quorum rests as one with none, and the others move', async () => {
  const momentum = new Float32Array(parameters).fill(0.5);
  const { base } = foldOf({ parameters });
  const foldWith = (quorum: number) => foldOf({ parameters, upperFrom: from, quorum }, [base, momentum]);
  const both = [given('whole', 30, 1), given('upper', 10, 2)];
  const { state, fates, norm } = await foldWith(2).next(1, contributionsOf([...both].reverse()));
  expect(cut(state, 0, from)).toEqual(cut([base, momentum], 0, from));
  const alone = await foldWith(1).next(1, contributionsOf([...both].reverse()));
  // The length of a delta is that of all its values.
  expect(norm).toBe(alone.norm);
  expect(cut(state, from)).toEqual(cut(alone.state, from));
  expect(cut(alone.state, 0, from)).not.toEqual(cut(state, 0, from));
  // Of what moves, each has its part.
  expect(fates.map(({ outcome, share, weight }) => [outcome, share, weight])).toEqual([
    ['included', 1, 0.25],
    ['included', 1, 0.75],
  ]);
  const enough = [...both, given('whole', 5, 3)];
  const [two, one] = await Promise.all(
    [2, 1].map((quorum) => foldWith(quorum).next(1, contributionsOf(enough))),
  );
  expect(two?.state).toEqual(one?.state);
});

test.each(allRules)('%s: the order of the contributions changes no bit', async (_, merge) => {
  const all = [given('whole', 30, 1), given('upper', 50, 2), given('whole', 7, 3), given('upper', 20, 4)];
  const stateOf = async (contributions: readonly Given[]) =>
    (await foldOf({ parameters, upperFrom: from, merge }).next(1, contributionsOf(contributions))).state;
  expect(await stateOf([...all].reverse())).toEqual(await stateOf(all));
});

test.each(allRules.slice(0, 3))(
  '%s: where all contributions are whole, the base is that of a run without a part',
  async (_, merge) => {
    const all = contributionsOf([given('whole', 30, 1), given('whole', 50, 2), given('whole', 7, 3)]);
    const granted = await foldOf({ parameters, upperFrom: from, merge }).next(1, all);
    const plain = await foldOf({ parameters, merge }).next(1, all);
    for (const name of ['state', 'norm', 'excluded', 'weighed'] as const)
      expect(granted[name]).toEqual(plain[name]);
  },
);

test('the robust mean leaves a hostile part out of its range, and a whole delta only where it points against the others', async () => {
  const tensors = [40, 24, 16, 16];
  const fold = foldOf({
    parameters,
    upperFrom: from,
    merge: { case: 'robustMean', value: { tensors, normFactor: 1.25 } },
  });
  const random = Random.seeded(3);
  const shared = new Float32Array(parameters).map(() => random.normal() / 10);
  const delta = (sign: (at: number) => number) =>
    shared.map((value, at) => sign(at) * (value + random.normal() / 50));
  const whole = (sign: (at: number) => number) => contribution(payloadOfValues(delta(sign)), 'whole', 100);
  const part = (sign: number) => contribution(payloadOfValues(delta(() => sign).slice(from)), 'upper', 100);
  const { excluded, fates } = await fold.next(1, [
    ...[whole(() => 1), whole(() => 1), whole(() => 1)],
    ...[part(1), part(-1)],
    whole((at) => (at < from ? 1 : -1)),
  ]);
  expect(excluded).toEqual([4]);
  expect(fates[4]).toMatchObject({ outcome: 'left-out', share: 0, weight: 0 });
  // It counts below, where it has two thirds of its values, as long as it is not scaled there.
  expect(fates[5]?.outcome).toBe('scaled');
  expect(fates[5]?.share).toBeGreaterThan(0.5);
  expect(fates[5]?.share).toBeLessThan(from / parameters + 1e-9);
});

test('shares are means over the values of a contribution, and weights over all that moves', async () => {
  const fold = () => foldOf({ parameters, upperFrom: from });
  const both = await fold().next(1, contributionsOf([given('whole', 30, 1), given('upper', 10, 2)]));
  expect(both.fates.map(({ outcome, share }) => [outcome, share])).toEqual([
    ['included', 1],
    ['included', 1],
  ]);
  expect(both.fates.map(({ weight }) => weight)).toEqual([
    expect.closeTo(64 / 96 + (32 / 96) * 0.75, 12),
    expect.closeTo((32 / 96) * 0.25, 12),
  ]);
  const parts = await fold().next(1, contributionsOf([given('upper', 30, 1), given('upper', 10, 2)]));
  expect(parts.fates.map(({ weight }) => weight)).toEqual([0.75, 0.25]);
});

test('the cap on a weight holds in each range', async () => {
  const fold = foldOf({ parameters, upperFrom: from, weightShare: 50 });
  const { fates } = await fold.next(
    1,
    contributionsOf([given('whole', 100, 1), given('whole', 100, 2), given('upper', 900, 3)]),
  );
  // Of the upper range the part had 900 of 1,100: it has half.
  expect(fates.map(({ outcome }) => outcome)).toEqual(['included', 'included', 'capped']);
  expect(fates[2]?.share).toBeCloseTo(200 / 900, 12);
});

test('the norm of a part counts as that of a whole delta with the same mean square', async () => {
  const payload = (length: number) => payloadOfValues(new Float32Array(length).fill(1 / 16));
  const of = (part: PartName, tokens: number) =>
    contribution(payload(part === 'whole' ? parameters : parameters - from), part, tokens);
  const normOf = async (...all: FoldedContribution[]) =>
    (await foldOf({ parameters, upperFrom: from }).next(1, all)).norm;
  expect(await normOf(of('upper', 5))).toBe(await normOf(of('whole', 5)));
});
