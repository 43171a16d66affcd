import { expect, test } from 'vitest';
import { checkEntry, type Draft, nextEntry, type StoredEntry } from '../../../relay/journal/entry.ts';
import { Replay } from '../../../relay/journal/replay.ts';
import { disk } from '../../../relay/run/open-run.ts';
import { Run } from '../../../relay/run/run.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import { TestClock, tinyRun } from '../../support/relay/run-support.ts';
import { rowsOf } from '../../support/relay/written-run.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** The replay of a new run, and what appends an entry to it. */
async function replayOf(
  upstream: Uint8Array<ArrayBuffer>[],
  mixing: { readonly every: number; readonly weight: number }[] = [],
) {
  const folder = temporaryFolder();
  const { manifest, ...rest } = tinyRun();
  const create = { ...rest, manifest: { ...manifest, upstream, mixing } };
  const run = await Run.open(folder, create, new TestClock(), disk);
  await run.close();
  let last: StoredEntry | undefined = rowsOf(`${folder}/journal.sqlite`)[0];
  if (last === undefined) throw new Error('the journal is empty');
  const replay = Replay.begin(checkEntry(last, null));
  const append = (draft: Draft) => {
    const next = nextEntry(last ?? null, 0, draft);
    replay.apply(checkEntry(next, last ?? null));
    last = next;
  };
  return { replay, append };
}

const adopted = (round: number, base = 'ab'.repeat(32)): Draft => ({
  kind: 'upstream-adopted',
  body: { round, base },
});

test('a run adopts bases of the upstream run that its manifest names, between two rounds and in their order', async () => {
  const { replay, append } = await replayOf([new Uint8Array(32).fill(1)]);
  append(adopted(2));
  expect(replay.state).toEqual(['ab'.repeat(32)]);
  expect(() => append(adopted(1))).toThrow('is before the base that was adopted last');
  expect(() =>
    append({ kind: 'round-opened', body: { round: 1, attempt: 1, base: 'cd'.repeat(32) } }),
  ).toThrow('expected abab');
  append({ kind: 'round-opened', body: { round: 1, attempt: 1, base: 'ab'.repeat(32) } });
  expect(() => append(adopted(3))).toThrow('while a round is open');
});

test('a run of its own adopts no base', async () => {
  const { append } = await replayOf([]);
  expect(() => append(adopted(1))).toThrow('the manifest names no upstream run');
});

const mixed = (round: number, through: number, base = 'ab'.repeat(32)): Draft => ({
  kind: 'upstream-mixed',
  body: { round, upstream: 'cd'.repeat(32), through, reference: 'ef'.repeat(32), base },
});

test('a run that mixes names what it mixed, which holds no more of its rounds than there are', async () => {
  const upstream = [new Uint8Array(32).fill(1)];
  const { replay, append } = await replayOf(upstream, [{ every: 2, weight: 0.25 }]);
  expect(() => append(adopted(1))).toThrow('in another way than the manifest has it');
  expect(() => append(mixed(1, 1))).toThrow('is 1, expected 0 to 0');
  append(mixed(2, 0));
  expect(replay.adopted.at(-1)).toMatchObject({ round: 2, through: 0, committed: 0 });
  expect(replay.base).toBe('ab'.repeat(32));
  // Nothing was sent yet: what it was mixed of is the initial base, and next time the reference.
  expect(replay.adopted[0]?.evidence).toContain(toHex(replay.run.manifest.initialBase));
  append(mixed(3, 0, '12'.repeat(32)));
  expect(replay.adopted[1]?.evidence).toContain('ef'.repeat(32));
  expect(() => append(mixed(2, 0))).toThrow('is before the base that was adopted last');
  const plain = await replayOf(upstream);
  expect(() => plain.append(mixed(1, 0))).toThrow('in another way than the manifest has it');
});

test.each([
  [[], { every: 1, weight: 0.5 }, 'mixing needs an upstream run'],
  [[new Uint8Array(32)], { every: 0, weight: 0.5 }, 'every 1 or more rounds'],
  [[new Uint8Array(32)], { every: 1, weight: 0 }, 'must be above 0'],
  [[new Uint8Array(32)], { every: 1, weight: -0.5 }, 'must be above 0'],
])('a manifest with %o and the mixing %o is refused', async (upstream, mixing, problem) => {
  await expect(replayOf(upstream, [mixing])).rejects.toThrow(problem);
});
