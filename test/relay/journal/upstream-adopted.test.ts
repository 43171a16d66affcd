import { expect, test } from 'vitest';
import { checkEntry, type Draft, nextEntry, type StoredEntry } from '../../../relay/journal/entry.ts';
import { Replay } from '../../../relay/journal/replay.ts';
import { disk } from '../../../relay/run/open-run.ts';
import { Run } from '../../../relay/run/run.ts';
import { TestClock, tinyRun } from '../../support/relay/run-support.ts';
import { rowsOf } from '../../support/relay/written-run.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** The replay of a new run, and what appends an entry to it. */
async function replayOf(upstream: Uint8Array<ArrayBuffer>[]) {
  const folder = temporaryFolder();
  const { manifest, ...rest } = tinyRun();
  const run = await Run.open(folder, { ...rest, manifest: { ...manifest, upstream } }, new TestClock(), disk);
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
