import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { Random } from '../../../../client/random.ts';
import { leastScoreOf, marksOf } from '../../../../relay/run/quality/scores.ts';
import { type Weighable, weigh } from '../../../../relay/run/quality/weigh.ts';
import { MeasuredSchema } from '../../../../relay/wire/tapestry_pb.js';

const random = Random.seeded(8);

/** A contribution of 100 tokens in a second by a new key, whose direction is its own. */
function contribution(changes: Partial<Weighable> = {}): Weighable {
  const sketch = new Float64Array(100).map(() => random.normal());
  const lot = `${random.below(1_000_000)}`.padStart(6, '0');
  return {
    tokens: 100,
    norm: 10,
    elapsedMs: 1000,
    pace: null,
    reputation: 64,
    score: null,
    sketches: [sketch],
    lot,
    ...changes,
  };
}

function weighed(contributions: readonly Weighable[], evaluations = 4) {
  const numbers = { speedFactor: 8, workPart: 0.5, copyLikeness: 0.9, scoreTolerance: 0.01, scorePart: 0.25 };
  return weigh(contributions, create(MeasuredSchema, { ...numbers, evaluations }));
}

test('a claim of too many tokens earns no reputation, also by a key that is not trusted', async () => {
  const honest = Array.from({ length: 3 }, () => contribution({ score: 0.1 }));
  const boasts = [
    contribution({ norm: 1, score: 0.1 }),
    contribution({ norm: 1, score: 0.1, reputation: 16 }),
    contribution({ elapsedMs: 1, score: 0.1, reputation: 16 }),
    contribution({ score: 0.1, reputation: 16 }),
  ];
  const all = [...honest, ...boasts];
  const found = await weighed(all);
  expect(found.slice(3).map(({ reason }) => reason)).toEqual(['short', 'short', 'too-fast', 'distrusted']);
  expect(found[4]?.tokens).toBeLessThan(found[3]?.tokens ?? 0);
  const judged = found.map(({ reason }, i) => ({ reason, score: all[i]?.score ?? null }));
  const marks = marksOf(judged, { scoreTolerance: 0.01, scorePart: 0.25 });
  expect(marks).toEqual(['good', 'good', 'good', null, null, null, 'good']);
});

test('each rule gives its reason, and the last one that lowers a claim is told', async () => {
  const model = contribution({ score: 0.1 });
  const found = await weighed([
    model,
    contribution({ score: 0.2 }),
    contribution({ score: 0 }),
    contribution({ elapsedMs: 1 }),
    contribution({ norm: 1 }),
    contribution({ sketches: model.sketches }),
    contribution({ score: -0.1 }),
    contribution({ reputation: 16, score: 0.1 }),
    contribution({ reputation: 16, elapsedMs: 1, score: 0.1 }),
  ]);
  expect(found.slice(0, 3)).toEqual(Array(3).fill({ tokens: 100, reason: null }));
  expect(found.slice(5)).toEqual([
    { tokens: 0, reason: 'copy' },
    { tokens: 0, reason: 'worse' },
    { tokens: 25, reason: 'distrusted' },
    { tokens: 0, reason: 'too-fast' },
  ]);
  const unscored = await weighed(
    [contribution(), contribution(), contribution({ elapsedMs: 1 }), contribution({ norm: 1 })],
    0,
  );
  expect(unscored.slice(2)).toEqual([
    { tokens: 1, reason: 'too-fast' },
    { tokens: 10, reason: 'short' },
  ]);
});

test('keys of which nothing was measured are at most a third of a round, whoever they are', async () => {
  const known = [
    contribution({ score: 0.1 }),
    contribution({ score: 0.1 }),
    contribution({ reputation: 96 }),
    contribution({ reputation: 200 }),
  ];
  const unknown = Array.from({ length: 12 }, () => contribution({ reputation: 95 }));
  const found = await weighed([...unknown, ...known]);
  expect(found.slice(12).every(({ tokens }) => tokens === 100)).toBe(true);
  const counted = found.slice(0, 12).flatMap(({ tokens }, i) => (tokens > 0 ? [unknown[i]?.lot] : []));
  expect(counted).toEqual(
    expect.arrayContaining(
      unknown
        .map(({ lot }) => lot)
        .sort()
        .slice(0, 2),
    ),
  );
  expect(counted).toHaveLength(2);
});

test('nothing counts in a round whose scores are all bad and where no key is proven', async () => {
  const hostile = Array.from({ length: 5 }, (_, i) => contribution(i < 3 ? { score: -1 } : {}));
  expect((await weighed(hostile)).map(({ tokens }) => tokens)).toEqual([0, 0, 0, 0, 0]);
});

test('without scores reputations do not count', async () => {
  const found = await weighed([contribution({ reputation: 0 }), contribution(), contribution()], 0);
  expect(found.every(({ tokens }) => tokens === 100)).toBe(true);
});

test('the least score follows the round, and is never nearer to zero than the tolerance', () => {
  const settings = { scoreTolerance: 0.01, scorePart: 0.25 };
  expect(leastScoreOf([], settings)).toBe(-0.01);
  expect(leastScoreOf([0.001, -0.002, 0.0015], settings)).toBe(-0.01);
  // One that spoils the mean lowers the scores of honest ones too: only its own is too low.
  const least = leastScoreOf([-0.06, -0.05, 0.03, -0.66], settings);
  expect(least).toBeCloseTo(-0.05, 6);
  expect(leastScoreOf([0.02, 0.01, -0.28, -0.28, -0.28], settings)).toBeCloseTo(-0.0435, 6);
});
