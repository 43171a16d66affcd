import fc from 'fast-check';
import { expect, test } from 'vitest';
import { manifestBytesOf, parseManifest } from '../../../relay/run/manifest.ts';
import type { State } from '../../../relay/run/outer/outer-optimizer.ts';
import { RoundFold } from '../../../relay/run/round-fold.ts';
import { hashOfBytes } from '../../../relay/storage/sha256.ts';
import { drawnPayload, tinyRun } from '../../support/relay/run-support.ts';

const created = tinyRun({ parameters: 100 });
const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };
const { manifest, codec } = parseManifest(manifestBytesOf(created.manifest, keys));

const newFold = (state: State = [created.initialBase]) => new RoundFold(manifest, codec, state);

const contributions = fc.uniqueArray(
  fc.record({ seed: fc.nat(50), tokens: fc.integer({ min: 1, max: 1000 }) }),
  {
    minLength: 1,
    maxLength: 6,
    selector: ({ seed }) => seed,
  },
);

async function stateAfter(
  fold: RoundFold,
  parts: readonly { seed: number; tokens: number }[],
): Promise<State> {
  const contributions = parts.map(({ seed, tokens }) => ({
    tokens,
    payload: hashOfBytes(drawnPayload(100, seed)),
    part: 'whole' as const,
    read: async () => drawnPayload(100, seed),
  }));
  return (await fold.next(1, contributions)).state;
}

test('the next state depends on the set of contributions, not on their order or on repeated calls', async () => {
  await fc.assert(
    fc.asyncProperty(contributions, async (parts) => {
      const fold = newFold();
      const state = await stateAfter(fold, parts);
      expect(await stateAfter(fold, parts)).toEqual(state);
      expect(await stateAfter(newFold(), [...parts].reverse())).toEqual(state);
      expect(fold.base).toEqual(created.initialBase);
      expect(state).toHaveLength(2);
    }),
    { numRuns: 20 },
  );
});

test('a fold resumed from a committed state gives the same states as one that never stopped', async () => {
  const whole = newFold();
  const first = await stateAfter(whole, [{ seed: 1, tokens: 10 }]);
  whole.commit(first);
  const second = [
    { seed: 2, tokens: 5 },
    { seed: 3, tokens: 7 },
  ];
  expect(await stateAfter(newFold(first), second)).toEqual(await stateAfter(whole, second));
});

test('a payload that cannot be read changes nothing', async () => {
  const fold = newFold();
  const parts = [{ seed: 4, tokens: 3 }];
  const broken = {
    tokens: 100,
    payload: '1'.repeat(64),
    part: 'whole' as const,
    read: () => Promise.reject(new Error('the disk failed')),
  };
  const read = {
    tokens: 100,
    payload: '2'.repeat(64),
    part: 'whole' as const,
    read: async () => drawnPayload(100, 9),
  };
  await expect(fold.next(1, [read, broken])).rejects.toThrow('the disk failed');
  expect(await stateAfter(fold, parts)).toEqual(await stateAfter(newFold(), parts));
});

test('a state of another length is refused', () => {
  expect(() => newFold([new Float32Array(99)])).toThrow(RangeError);
  expect(() => newFold([created.initialBase, new Float32Array(1)])).toThrow(RangeError);
});
