import { expect, test } from 'vitest';
import { Turns } from '../../../../relay/server/budget/turns.ts';

/** Turns whose cycles of the event loop the test makes. */
function staged(each: number) {
  let next: (() => void) | null = null;
  const turns = new Turns(each, (call) => {
    next = call;
  });
  const cycle = async () => {
    const call = next;
    next = null;
    call?.();
    await Promise.resolve();
    return call !== null;
  };
  return { turns, cycle };
}

test('a slice runs at once while the cycle has room, and nothing is scheduled without work', async () => {
  const { turns, cycle } = staged(2);
  expect(await cycle()).toBe(false);
  expect([turns.take('a'), turns.take('a')]).toEqual([null, null]);
  expect(turns.take('a')).not.toBeNull();
  expect([await cycle(), await cycle()]).toEqual([true, false]);
  expect(turns.take('a')).toBeNull();
});

test('keys take turns: a thousand slices of one delay another by one slice', async () => {
  const { turns, cycle } = staged(2);
  const ran: string[] = [];
  const wants = (key: string) => void turns.take(key)?.then(() => ran.push(key));
  for (let i = 0; i < 1_000; i++) wants('flood');
  wants('honest');
  await cycle();
  expect(ran).toEqual(['flood', 'honest']);
  for (let i = 0; i < 10; i++) await cycle();
  expect(ran.length).toBe(22);
});
