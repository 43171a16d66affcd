import { expect, test } from 'vitest';
import { StopOrLeave } from '../../../../apps/cli/chat/stop-or-leave.ts';

test('the first Ctrl-C stops the answer, a later one leaves, and a new message begins again', () => {
  let now = 0;
  const interrupts = new StopOrLeave(() => now);
  const first = interrupts.begin();
  expect(interrupts.heard(true)).toBe('stopped');
  expect(first.aborted).toBe(true);
  now = 400;
  // npm passes the same key press on.
  expect(interrupts.heard(true)).toBe('ignored');
  interrupts.end();
  const second = interrupts.begin();
  interrupts.end();
  expect(interrupts.heard(true)).toBe('warned');
  expect(second.aborted).toBe(false);
  now = 2000;
  expect(interrupts.heard(true)).toBe('leave');
});

test('a key of a terminal in raw mode counts each time', () => {
  const interrupts = new StopOrLeave(() => 0);
  expect([interrupts.heard(false), interrupts.heard(false)]).toEqual(['warned', 'leave']);
});
