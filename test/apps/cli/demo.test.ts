import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exit } from '../../../apps/cli/exit.ts';
import { loadModel } from '../../../apps/cli/model-folder.ts';
import { bytesOfVector, hashOfBytes } from '../../../relay/store.ts';
import { type Built, built, runTapestry } from '../../system/built.ts';

let tapestry: Built;
const data = mkdtempSync(join(tmpdir(), 'tapestry-demo-'));
beforeAll(async () => {
  tapestry = await built();
});
afterAll(() => rmSync(data, { recursive: true }));

type Event = Record<string, unknown>;
const words = ['demo', '--nodes', '2', '--rounds', '3', '--steps', '2', '--batch', '1', '--preset', 'nano'];
const flags = [...words, '--port', '0', '--data', data, '--exit', '--json'];

/** Runs the demo, with Ctrl-C at the first event of the kind `until`. */
async function demo(until: string | null): Promise<{ code: number | null; events: Event[]; stderr: string }> {
  const child = spawn(process.execPath, [tapestry.tapestry, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  const events: Event[] = [];
  let stderr = '';
  child.stderr.on('data', (bytes: Buffer) => {
    stderr += bytes.toString();
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event: Event = JSON.parse(line);
    events.push(event);
    if (event['event'] === until) child.kill('SIGINT');
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, events, stderr };
}

const rounds = (events: readonly Event[]) =>
  events.filter(({ event }) => event === 'round').map(({ round }) => round);

test('a demo goes on where Ctrl-C stopped it, and leaves a base that opens and verifies', async () => {
  const first = await demo('round');
  expect(first.code, first.stderr).toBe(exit.interrupted);
  expect(first.events[0]).toMatchObject({ event: 'listening', rounds: 3 });
  expect(rounds(first.events)[0]).toBe(1);

  const second = await demo(null);
  expect(second.code, second.stderr).toBe(exit.done);
  expect([...rounds(first.events), ...rounds(second.events)]).toEqual([1, 2, 3]);
  expect(second.events.map(({ event }) => event)).toContain('sample');
  const summary = second.events.at(-1) ?? {};
  expect(Object.keys(summary).slice(0, 8)).toEqual([
    'event',
    'rounds',
    'lossStart',
    'lossEnd',
    'tokens',
    'bytesUp',
    'base',
    'baseHash',
  ]);
  expect(summary).toMatchObject({ event: 'summary', rounds: 3, tokens: 3 * 2 * 2 * 128 });
  expect(summary['base']).toBe(join(data, 'base'));
  expect(Number(summary['lossEnd'])).toBeLessThan(Number(summary['lossStart']));
  expect(Number(summary['bytesUp'])).toBeGreaterThan(3 * 2 * 550_000);

  expect((await readdir(join(data, 'base'))).sort()).toEqual([
    'README.md',
    'base.safetensors',
    'config.json',
  ]);
  const { parameters } = await loadModel(join(data, 'base'));
  expect(hashOfBytes(bytesOfVector(parameters))).toBe(summary['baseHash']);
  const verified = await runTapestry(tapestry, ['verify', data, '--json']);
  expect(verified.code, verified.stdout).toBe(exit.done);
  expect(verified.stdout).toContain(`"base":"${summary['baseHash']}"`);

  const other = await runTapestry(tapestry, [...flags, '--rounds', '4']);
  expect(other).toMatchObject({ code: exit.failed, stdout: expect.stringContaining('"code":"run.other"') });
}, 180_000);
