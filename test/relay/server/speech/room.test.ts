import { expect, test } from 'vitest';
import { Room } from '../../../../relay/server/speech/room.ts';
import { TestClock } from '../../../support/relay/run-support.ts';

/** A room over a run, in which the test ends each text itself. */
function stage(options: { committed?: number; kept?: (round: number) => boolean } = {}) {
  const clock = new TestClock();
  const run = { committed: options.committed ?? 0 };
  const asked: { round: number; prompt: string; signal: AbortSignal; end: (text: string | Error) => void }[] =
    [];
  const room = new Room({
    speaker: {
      prompt: 'All',
      starts: [],
      write: (round, prompt, signal) =>
        options.kept?.(round) === false
          ? Promise.resolve(null)
          : new Promise((resolve, reject) => {
              const end = (text: string | Error) => (typeof text === 'string' ? resolve(text) : reject(text));
              asked.push({ round, prompt, signal, end });
            }),
    },
    isOpen: true,
    clock,
    committed: () => run.committed,
    changed: () => {},
  });
  /** Lets the bases that are due write, one after another. */
  const writeAll = async () => {
    for (let turn = 0; turn < 12; turn++) {
      room.speech();
      room.tick();
      const next = asked.at(-1);
      next?.end(`${next.prompt}, ${next.round}`);
      await new Promise(setImmediate);
    }
  };
  return { room, clock, run, asked, writeAll };
}

test('the bases of rounds 1, 5, 20 and the newest write, one at a time', async () => {
  const { room, run, asked, writeAll } = stage({ committed: 23 });
  expect(room.speech().writings.map(({ round }) => round)).toEqual([1, 5, 20, 23]);
  room.tick();
  room.tick();
  expect(asked.map(({ round }) => round)).toEqual([1]);
  await writeAll();
  const texts = (rounds: readonly number[]) => rounds.map((round) => ({ round, text: `All, ${round}` }));
  expect(room.speech().writings).toEqual(texts([1, 5, 20, 23]));
  run.committed = 24;
  expect(room.speech().writings.at(-1)).toEqual({ round: 24, text: null });
  await writeAll();
  expect(room.speech().writings).toEqual(texts([1, 5, 20, 24]));
  expect(asked.map(({ round }) => round)).toEqual([1, 5, 20, 23, 24]);
});

test.each([
  [0, [0]],
  [1, [1]],
  [5, [1, 5]],
  [6, [1, 5, 6]],
])('after %i rounds, the bases of %j write', (committed, rounds) => {
  expect(
    stage({ committed })
      .room.speech()
      .writings.map(({ round }) => round),
  ).toEqual(rounds);
});

test('a base that is no longer kept has no place', async () => {
  const { room, writeAll } = stage({ committed: 6, kept: (round) => round !== 1 });
  await writeAll();
  expect(room.speech().writings.map(({ round }) => round)).toEqual([5, 6]);
});

test('prompts are shown in turn, each for a while, and the operator’s until one comes', async () => {
  const { room, clock, writeAll } = stage();
  await writeAll();
  room.take({ text: 'one', corpus: null }, 'a');
  room.take({ text: 'two', corpus: 'South' }, 'b');
  room.tick();
  expect(room.speech()).toMatchObject({ prompt: { id: 0, text: 'All' }, waiting: 2 });
  clock.pass(15_000);
  room.tick();
  expect(room.speech()).toMatchObject({ prompt: { text: 'one' }, waiting: 1, writings: [{ text: null }] });
  // It is not replaced before it is answered.
  clock.pass(60_000);
  room.tick();
  expect(room.speech().prompt.text).toBe('one');
  await writeAll();
  clock.pass(15_000);
  room.tick();
  expect(room.speech()).toMatchObject({ prompt: { text: 'two', corpus: 'South' }, waiting: 0 });
  await writeAll();
  clock.pass(60_000);
  room.tick();
  // The last one stays.
  expect(room.speech().prompt.text).toBe('two');
});

test('a prompt that is skipped ends its text and comes only by its own number', async () => {
  const { room, asked } = stage();
  room.take({ text: 'rude', corpus: null }, 'a');
  expect(room.skip(0)).toBe(true);
  room.speech();
  room.tick();
  const { prompt, revision } = room.speech();
  expect(prompt.text).toBe('rude');
  expect(room.skip(prompt.id)).toBe(true);
  expect(asked[0]?.signal.aborted).toBe(true);
  asked[0]?.end('a text that comes too late');
  await new Promise(setImmediate);
  expect(room.speech()).toMatchObject({ prompt: { text: 'All' }, writings: [{ text: null }] });
  expect(room.speech().revision).toBe(revision + 1);
  expect(room.skip(prompt.id)).toBe(false);
});

test('too many prompts are refused, of one address and in all', () => {
  const { room } = stage();
  const taken = (address: string) => room.take({ text: 'x', corpus: null }, address);
  for (let i = 0; i < 8; i++) expect(taken('a')).toBe('taken');
  expect(taken('a')).toBe('full');
  for (let i = 0; i < 24; i++) expect(taken(`b${i}`)).toBe('taken');
  expect(taken('c')).toBe('full');
  expect(room.speech().waiting).toBe(32);
});

test('nothing is written while nobody looks, and a failure is tried again later', async () => {
  const { room, clock, asked } = stage();
  room.tick();
  expect(asked).toEqual([]);
  room.speech();
  clock.pass(30_000);
  room.tick();
  expect(asked).toEqual([]);
  room.speech();
  room.tick();
  asked[0]?.end(new Error('no memory'));
  await new Promise(setImmediate);
  room.tick();
  expect(asked).toHaveLength(1);
  clock.pass(10_000);
  room.tick();
  expect(asked).toHaveLength(2);
});
