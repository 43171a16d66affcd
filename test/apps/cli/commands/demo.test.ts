import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exit } from '../../../../apps/cli/exit-codes.ts';
import { loadModel } from '../../../../apps/cli/model/model-folder.ts';
import { bytesOfVector } from '../../../../relay/storage/blob-store.ts';
import { hashOfBytes } from '../../../../relay/storage/sha256.ts';
import { type Built, built, runTapestry } from '../../../system/built.ts';

let tapestry: Built;
const data = mkdtempSync(join(tmpdir(), 'tapestry-demo-'));
beforeAll(async () => {
  tapestry = await built();
});
afterAll(() => rmSync(data, { recursive: true }));

type Event = Record<string, unknown>;
// No machine finishes so many rounds before the relay first reports one.
const words = ['demo', '--nodes', '2', '--rounds', '12', '--steps', '2', '--batch', '1', '--preset', 'nano'];
const flags = [...words, '--port', '0', '--data', data, '--exit', '--json'];

/** Runs the demo, with Ctrl-C at the first event of the kind `until`. */
async function demo(until: string | null): Promise<{ code: number | null; events: Event[]; stderr: string }> {
  // The process sends the signal to itself, because this process may hear of the event too late.
  const interrupt = `
    const write = process.stdout.write.bind(process.stdout);
    process.stdout.write = (text, ...more) => {
      if (String(text).includes('"event":"${until}"')) process.kill(process.pid, 'SIGINT');
      return write(text, ...more);
    };`;
  const preload = ['--import', `data:text/javascript,${encodeURIComponent(interrupt)}`];
  const child = spawn(process.execPath, [...preload, tapestry.tapestry, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const events: Event[] = [];
  let stderr = '';
  child.stderr.on('data', (bytes: Buffer) => {
    stderr += bytes.toString();
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push(JSON.parse(line));
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, events, stderr };
}

const rounds = (events: readonly Event[]) =>
  events.filter(({ event }) => event === 'round').map(({ round }) => Number(round));

test('a demo resumes where Ctrl-C stopped it, and writes a base that opens and verifies', async () => {
  const first = await demo('round');
  expect(first.code, first.stderr).toBe(exit.interrupted);
  expect(first.events[0]).toMatchObject({ event: 'listening', rounds: 12 });
  expect(rounds(first.events)[0]).toBe(1);

  const second = await demo(null);
  expect(second.code, second.stderr).toBe(exit.done);
  // One more round may have been committed while the first demo was stopping.
  const told = [...rounds(first.events), ...rounds(second.events)];
  expect(told).toEqual([...new Set(told)].sort((a, b) => a - b));
  expect(told.at(-1)).toBe(12);
  expect(told.length).toBeGreaterThanOrEqual(11);
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
  expect(summary).toMatchObject({ event: 'summary', rounds: 12 });
  expect(summary['base']).toBe(join(data, 'base'));
  expect(Number(summary['lossEnd'])).toBeLessThan(Number(summary['lossStart']));
  // A round may be committed without a node that had not joined yet.
  const contributions = Number(summary['tokens']) / (2 * 128);
  // Rounds are timed: a contribution holds one step at least, of two.
  expect(contributions).toBeGreaterThanOrEqual(6);
  expect(contributions).toBeLessThanOrEqual(24);
  expect(Number(summary['bytesUp'])).toBeGreaterThan(contributions * 550_000);

  expect((await readdir(join(data, 'base'))).sort()).toEqual([
    'Modelfile',
    'README.md',
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'tapestry-base.json',
    'tokenizer.json',
    'tokenizer_config.json',
  ]);
  const { parameters } = await loadModel(join(data, 'base'));
  expect(hashOfBytes(bytesOfVector(parameters))).toBe(summary['baseHash']);
  const verified = await runTapestry(tapestry, ['verify', data, '--json']);
  expect(verified.code, verified.stdout).toBe(exit.done);
  expect(verified.stdout).toContain(`"base":"${summary['baseHash']}"`);

  const other = await runTapestry(tapestry, [...flags, '--rounds', '4']);
  expect(other).toMatchObject({ code: exit.usage, stdout: expect.stringContaining('"code":"run.other"') });
});
