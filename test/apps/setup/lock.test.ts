import { existsSync, mkdirSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { withLock } from '../../../apps/setup/lock.mjs';

let lock = '';
let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tapestry-lock-'));
  mkdirSync(join(root, 'dist'));
  lock = join(root, 'dist/setup.lock');
});

/** Leaves a lock that its holder last touched a minute ago. */
function leaveBehind(content: string): void {
  writeFileSync(lock, content);
  const then = new Date(Date.now() - 60_000);
  utimesSync(lock, then, then);
}

test('set-ups of one folder run one after the other and leave no lock', async () => {
  const order: string[] = [];
  const work = (name: string) => async () => {
    order.push(`${name} begins`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    order.push(`${name} ends`);
  };
  await Promise.all(['a', 'b', 'c'].map((name) => withLock(root, work(name))));
  expect(order.map((line) => line.split(' ')[1])).toEqual([
    'begins',
    'ends',
    'begins',
    'ends',
    'begins',
    'ends',
  ]);
  expect(existsSync(lock)).toBe(false);
});

test.each([
  ['names this very process, as after a restart of a container', String(process.pid)],
  ['is empty', ''],
  ['names a process of somebody else', '1'],
])('a lock without a holder is taken over when it %s, by one waiter only', async (_, content) => {
  leaveBehind(content);
  let inside = 0;
  const most: number[] = [];
  const work = async () => {
    most.push(++inside);
    await new Promise((resolve) => setTimeout(resolve, 20));
    inside--;
  };
  await Promise.all([withLock(root, work), withLock(root, work)]);
  expect(most).toEqual([1, 1]);
});

test('set-up waits for a lock whose holder is working', async () => {
  writeFileSync(lock, 'another holder');
  let done = false;
  const waiting = withLock(root, async () => {
    done = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(done).toBe(false);
  leaveBehind('another holder');
  await waiting;
  expect(done).toBe(true);
});

test('failing work releases the lock', async () => {
  const failing = withLock(root, async () => {
    throw new Error('no network');
  });
  await expect(failing).rejects.toThrow('no network');
  expect(existsSync(lock)).toBe(false);
});

test('the error for a lock that cannot be made names the file in the way', async () => {
  const other = join(root, 'other');
  mkdirSync(other);
  writeFileSync(join(other, 'dist'), 'no folder');
  await expect(withLock(other, async () => {})).rejects.toThrow(join(other, 'dist', 'setup.lock'));
});
