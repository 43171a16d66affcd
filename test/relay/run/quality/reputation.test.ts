import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyRecords } from '../../../../relay/run/quality/key-records.ts';
import {
  faded,
  fresh,
  type Mark,
  marked,
  most,
  proven,
  trustedTokens,
} from '../../../../relay/run/quality/reputation.ts';

test('one good score proves a key, a bad one more than undoes it, and both fade', () => {
  expect(marked(fresh, 'good')).toBeGreaterThanOrEqual(proven);
  expect(marked(marked(fresh, 'good'), 'bad')).toBeLessThan(fresh);
  for (const from of [0, most]) {
    let reputation = from;
    for (let round = 0; round < 100; round++) reputation = faded(reputation);
    expect(reputation).toBe(fresh);
  }
});

test('a reputation stays within its bounds, and never raises what a claim counts for', () => {
  const marks = fc.array(fc.constantFrom<Mark>('good', 'bad', null), { maxLength: 200 });
  fc.assert(
    fc.property(marks, fc.integer({ min: 1, max: 2 ** 24 }), (given, tokens) => {
      let reputation = fresh;
      for (const mark of given) reputation = marked(reputation, mark);
      expect(Number.isInteger(reputation) && reputation >= 0 && reputation <= most).toBe(true);
      const trusted = trustedTokens(tokens, reputation);
      expect(trusted).toBeLessThanOrEqual(tokens);
      if (reputation >= fresh) expect(trusted).toBe(tokens);
    }),
  );
});

test('the record of a key that is away fades as if each round had been written', () => {
  const [written, away] = [new KeyRecords(), new KeyRecords()];
  const round = (mark: Mark) => [{ key: 'a', mark, elapsedMs: 500, tokens: 100 }];
  for (const records of [written, away]) for (let i = 1; i <= 3; i++) records.committed(i, round('good'));
  for (let i = 4; i < 20; i++) written.committed(i, round(null));
  expect(away.before(20, 'a')).toEqual(written.before(20, 'a'));
  expect(away.before(4, 'a')).toEqual({ reputation: 175, pace: 5 });
  expect(away.before(4, 'b')).toEqual({ reputation: fresh, pace: null });
});

test('the pace of a key is its fastest, and a contribution that does not count is none', () => {
  const records = new KeyRecords();
  const times = [
    [900, 100],
    [400, 100],
    [800, 100],
    [1, 0],
  ] as const;
  for (const [i, [elapsedMs, tokens]] of times.entries())
    records.committed(i + 1, [{ key: 'a', mark: null, elapsedMs, tokens }]);
  expect(records.before(5, 'a').pace).toBe(4);
});
