import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkLines, ok, problem } from '../../../../apps/cli/doctor/check.ts';
import { checkDisk, checkNode, checkPort } from '../../../../apps/cli/doctor/machine.ts';
import { checkClock, checkPace } from '../../../../apps/cli/doctor/relay.ts';
import { status } from '../terminal/status.ts';

test('a Node that is too old is a problem', () => {
  expect([checkNode('22.1.0').state, checkNode('24.0.0').state]).toEqual(['problem', 'ok']);
});

test('a folder that is not there yet is looked at where it would be made', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapestry-doctor-'));
  const { state, found } = await checkDisk(join(folder, 'a', 'b'));
  expect(state).not.toBe('problem');
  expect(found).toContain(join(folder, 'a', 'b'));
  rmSync(folder, { recursive: true });
});

test('a port in use is named with what to do', async () => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  expect(await checkPort(port)).toMatchObject({ state: 'warning', next: expect.stringContaining('--port') });
  await new Promise((done) => server.close(done));
});

test('a clock may differ by a minute', () => {
  const date = 'Thu, 01 Jan 2026 00:00:00 GMT';
  const now = Date.parse(date);
  expect(checkClock(date, now + 59_000).state).toBe('ok');
  expect(checkClock(date, now + 600_000).found).toBe('10 min ahead of that of the relay');
  expect(checkClock(date, now - 600_000).found).toBe('10 min behind that of the relay');
  expect([checkClock(null, now).state, checkClock('soon', now).state]).toEqual(['warning', 'warning']);
});

test('the pace compares the training of a round with its time', () => {
  // 10 parameters, 512 tokens a step, 10 steps: 51,200 times the cost.
  expect(checkPace(1, status)).toMatchObject({ state: 'ok', found: expect.stringContaining('52 s') });
  expect(checkPace(2, status)).toMatchObject({
    state: 'problem',
    next: expect.stringContaining('--deadline'),
  });
  const open = { ...status, round: { ...status.round, deadlineAt: null } };
  expect(checkPace(2, open).state).toBe('ok');
  expect(checkPace(null, status).state).toBe('problem');
});

test('what to do is written below what was found, without control characters', () => {
  expect(checkLines([ok('Node', '26'), problem('relay', 'no\u001b[2J', 'Ask.')])).toEqual([
    'ok       Node   26',
    'problem  relay  no\\u{1b}[2J',
    '         next: Ask.',
  ]);
});
