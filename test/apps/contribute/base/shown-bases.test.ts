import { expect, test } from 'vitest';
import { baseBefore, cardFacts, newestBase } from '../../../../apps/contribute/base/shown-bases.ts';
import { scriptedStatus } from '../../../support/pages/scenarios.ts';

const now = Date.now();
const status = (done: number) => scriptedStatus({ rounds: 20, done, nodes: 3, now });
const own = { round: 6, hash: 'ab'.repeat(32) };

test('a node that works tries the base that lies in its tab, others the relay’s newest', () => {
  const seven = status(7);
  const newest = { round: 7, hash: seven.base.hash };
  expect(newestBase({ activity: 'training', base: own }, seven)).toEqual(own);
  expect(newestBase({ activity: 'training', base: null }, seven)).toEqual(newest);
  expect(newestBase({ activity: null, base: own }, seven)).toEqual(newest);
  expect(newestBase({ activity: null, base: own }, null)).toBeNull();
  // Before the first round has committed there is none.
  expect(newestBase({ activity: 'training', base: { ...own, round: 0 } }, status(0))).toBeNull();
});

test('the base before is that of the round before, and the run’s first for round 1', () => {
  const seven = status(7);
  expect(baseBefore({ round: 7, hash: 'x' }, seven)).toEqual({ round: 6, hash: seven.history[5]?.base });
  expect(baseBefore({ round: 1, hash: 'x' }, seven)).toEqual({ round: 0, hash: null });
  expect(baseBefore({ round: 9, hash: 'x' }, { history: [] })).toBeNull();
});

test('a card counts what made this base, and gives each base the loss that nodes measured of it', () => {
  const seven = status(7);
  const [first, , third] = seven.history;
  const facts = cardFacts({ round: 2, hash: 'x' }, seven);
  const two = seven.history.slice(0, 2);
  const contributions = two.reduce((sum, row) => sum + row.contributions, 0);
  const tokens = two.reduce((sum, row) => sum + row.tokens, 0);
  expect(facts).toMatchObject({ round: 2, contributions, tokens });
  expect(facts.corpora[0]).toEqual({
    name: 'Romance',
    lossAtStart: first?.heldOutLoss[0],
    loss: third?.heldOutLoss[0],
  });
  expect(cardFacts({ round: 7, hash: 'x' }, seven).corpora[0]?.loss).toBeNull();
  const thinned = { ...seven, history: seven.history.filter(({ round }) => round % 2 === 0 || round === 7) };
  expect(cardFacts({ round: 7, hash: 'x' }, thinned).tokens).toBe(seven.totals.tokens);
});
