import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rankByConsensus } from '../../../../../client/derive/constitution/votes/consensus.ts';
import type { Vote, Votes } from '../../../../../client/derive/constitution/votes/votes-csv.ts';
import { Random } from '../../../../../client/random.ts';

const options = { seed: 7, mostGroups: 5 };

/** Two groups that disagree about principles 0 to 5, agree with 6, and of which only the larger is for 7. `noise` are stray votes. */
function planted(large: number, small: number, noise: number, missing: number, seed: number) {
  const random = Random.seeded(seed);
  const groups = [...Array<number>(large).fill(0), ...Array<number>(small).fill(1)];
  // In another order, so that groups do not follow from it.
  for (let i = groups.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [groups[i], groups[j]] = [groups[j] ?? 0, groups[i] ?? 0];
  }
  const cast = groups.map((group) => {
    const votes = new Map<number, Vote>();
    for (let principle = 0; principle < 8; principle++) {
      if (random.uniform() < missing) continue;
      const agrees = principle === 6 || (principle === 7 ? group === 0 : principle % 2 === group);
      votes.set(principle, agrees !== random.uniform() < noise ? 1 : -1);
    }
    return votes;
  });
  const principles = Array.from({ length: 8 }, (_, index) => `p${index}`);
  const votes: Votes = { voters: groups.map((_, index) => `v${index}`), principles, cast };
  return { votes, groups };
}

test('what both groups want is ranked before what the larger one wants, also with stray and missing votes', () => {
  for (let seed = 0; seed < 10; seed++) {
    const { votes } = planted(60, 20, 0.05, 0.2, seed);
    const { sizes, ranked } = rankByConsensus(votes, options);
    expect(sizes, `seed ${seed}`).toHaveLength(2);
    expect(Math.abs((sizes[0] ?? 0) - 60)).toBeLessThanOrEqual(3);
    expect(ranked[0]?.principle).toBe('p6');
    // 75 of 100 are for p7, but hardly anyone of the smaller group.
    const divisive = ranked.find(({ principle }) => principle === 'p7');
    expect(divisive?.consensus).toBeLessThan(0.3);
  }
});

test("a principle's consensus is the product over groups of (agrees + 1) / (votes + 2)", () => {
  const { votes, groups } = planted(12, 8, 0, 0, 1);
  const { ranked, sizes } = rankByConsensus(votes, options);
  expect(sizes).toEqual([12, 8]);
  for (const { principle, consensus } of ranked) {
    const index = votes.principles.indexOf(principle);
    const expected = [0, 1].map((group) => {
      const own = votes.cast
        .filter((_, voter) => groups[voter] === group)
        .flatMap((cast) => cast.get(index) ?? []);
      return (own.filter((vote) => vote === 1).length + 1) / (own.length + 2);
    });
    expect(consensus).toBeCloseTo((expected[0] ?? 0) * (expected[1] ?? 0), 12);
  }
});

test('people of one mind are one group, and few votes of any kind give finite numbers in a stable order', () => {
  const same = planted(30, 0, 0.05, 0, 3);
  const alike: Votes = { ...same.votes, cast: same.votes.cast.map(() => new Map<number, Vote>([[6, 1]])) };
  expect(rankByConsensus(alike, options).sizes).toEqual([30]);
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.constantFrom<Vote | null>(1, 0, -1, null), { minLength: 3, maxLength: 3 }), {
        minLength: 1,
        maxLength: 12,
      }),
      (table) => {
        const cast = table.map(
          (row) => new Map(row.flatMap((vote, index) => (vote === null ? [] : [[index, vote] as const]))),
        );
        const votes = { voters: table.map((_, index) => `v${index}`), principles: ['a', 'b', 'c'], cast };
        const result = rankByConsensus(votes, options);
        expect(result.sizes.reduce((sum, size) => sum + size, 0)).toBe(table.length);
        expect(result.ranked.every(({ consensus }) => consensus > 0 && consensus < 1)).toBe(true);
        expect(rankByConsensus(votes, options)).toEqual(result);
      },
    ),
  );
});
