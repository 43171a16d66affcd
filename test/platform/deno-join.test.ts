import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { afterEach, expect, test } from 'vitest';
import { Stage, tinyRun } from '../client/contribute/harness.ts';
import { built } from '../system/built.ts';

const stage = new Stage();
afterEach(() => stage.close());

const deno = join(import.meta.dirname, '../../node_modules/.bin/deno');
const eventLine = v.pipe(v.string(), v.parseJson(), v.looseObject({ event: v.string() }));

test('Deno joins a run with no permission but for the relay and its folder, and its contribution is accepted', async () => {
  const program = join(dirname((await built()).tapestry), 'join.js');
  const create = tinyRun({ rounds: 2, localSteps: 4, quorum: 1, target: 1 });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const folder = await stage.folder();
  const permissions = [`--allow-net=${relay.url.host}`, `--allow-read=${folder}`, `--allow-write=${folder}`];
  const words = [relay.url.href, '--nation', 'Romance', '--data', folder, '--json'];
  const child = spawn(
    deno,
    ['run', '--no-remote', '--no-npm', '--no-prompt', ...permissions, program, ...words],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    said += data.toString();
  });
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  const events = [];
  for await (const line of createInterface({ input: child.stdout })) events.push(v.parse(eventLine, line));
  expect(await exited, said).toBe(0);
  expect(events.filter(({ event }) => event === 'acknowledged')).toHaveLength(2);
  expect(events.at(-1)).toMatchObject({ event: 'left', reason: 'complete', contributions: 2 });
  expect(relay.status().history).toHaveLength(2);
});
