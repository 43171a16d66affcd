import { expect, test } from 'vitest';
import { upstreamPlace } from '../../../../../apps/cli/run/upstream/join-upstream.ts';
import { upstreamChoices, usualUpstreamWeight } from '../../../../../apps/cli/run/upstream/upstream-flags.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

const upstream = 'http://127.0.0.1:1/';

test('a run below an upstream run waits for its bases, unless it says after how many rounds it sends', () => {
  expect(upstreamChoices({ upstream })).toMatchObject({ mixing: null });
  const weight = usualUpstreamWeight / 100;
  expect(upstreamChoices({ upstream, upstreamEvery: 4 })).toMatchObject({ mixing: { every: 4, weight } });
  expect(upstreamChoices({ upstream, upstreamEvery: 1, upstreamWeight: 50, period: 3 })).toEqual({
    ...{ mixing: { every: 1, weight: 0.5 }, period: 3 },
  });
});

test.each([
  [{ upstreamEvery: 4 }, /--upstream-every means nothing without --upstream/],
  [{ upstream, upstreamWeight: 50 }, /--upstream-weight means nothing without --upstream-every/],
])('%o is refused with what to do', (flags, message) => {
  expect(() => upstreamChoices(flags)).toThrow(message);
});

test('the period of the outer momentum is that of the upstream run, unless the run does not wait', () => {
  const flags = { upstream, data: temporaryFolder(), seed: 0, period: 3 };
  expect(() => upstreamPlace(flags)).toThrow('--period is decided by the upstream run');
  expect(upstreamPlace({ ...flags, upstreamEvery: 2 })).not.toBeNull();
});
