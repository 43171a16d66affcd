import { expect, test } from 'vitest';
import { baseBefore, cardFacts, newestBase } from '../../../../apps/contribute/base/shown-bases.ts';
import { scriptedStatus } from '../../../support/pages/scenarios.ts';

const now = Date.now();
const status = (done: number) => scriptedStatus({ rounds: 20, done, nodes: 3, now });
const own = { round: 6, hash: 'ab'.repeat(32) };
const unmeasured = { corpus: 'Romance', lastBase: null };

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
  const facts = cardFacts({ round: 2, hash: 'x' }, seven, unmeasured);
  const two = seven.history.slice(0, 2);
  const contributions = two.reduce((sum, row) => sum + row.contributions, 0);
  const tokens = two.reduce((sum, row) => sum + row.tokens, 0);
  expect(facts).toMatchObject({ round: 2, contributions, tokens });
  expect(facts.corpora[0]).toEqual({
    name: 'Romance',
    lossAtStart: first?.heldOutLoss[0],
    loss: third?.heldOutLoss[0],
    isOwn: false,
  });
  expect(cardFacts({ round: 7, hash: 'x' }, seven, unmeasured).corpora[0]?.loss).toBeNull();
  const thinned = { ...seven, history: seven.history.filter(({ round }) => round % 2 === 0 || round === 7) };
  expect(cardFacts({ round: 7, hash: 'x' }, thinned, unmeasured).tokens).toBe(seven.totals.tokens);
});

test('the card of the run’s last base has the loss that this node measured, of its own corpus alone, and says whose it is', () => {
  const seven = status(7);
  const measured = { corpus: 'Romance', lastBase: { hash: 'x', heldOutLoss: 1.5 } };
  const losses = (base: { round: number; hash: string }, node: typeof measured | { corpus: null }) =>
    cardFacts(base, seven, { ...measured, ...node }).corpora.map(({ loss, isOwn }) => [loss, isOwn]);
  const last = losses({ round: 7, hash: 'x' }, measured);
  expect(last[0]).toEqual([1.5, true]);
  expect(last.slice(1)).toEqual(last.slice(1).map(() => [null, false]));
  // What the relay says of an earlier base stays, and text of one's own is no corpus of the run.
  expect(losses({ round: 2, hash: 'x' }, measured)[0]).toEqual([seven.history[2]?.heldOutLoss[0], false]);
  expect(losses({ round: 7, hash: 'y' }, measured)[0]).toEqual([null, false]);
  expect(losses({ round: 7, hash: 'x' }, { corpus: null })[0]).toEqual([null, false]);
});
