import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { contributeRound, evaluatedRelay, evaluatedRun } from '../support/relay/quality/evaluated-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { built } from '../system/built.ts';

const deno = join(import.meta.dirname, '../../node_modules/.bin/deno');
const eventLine = v.pipe(v.string(), v.parseJson(), v.looseObject({ event: v.string() }));

/** Runs the program of the evaluator in Deno; `listen` hears each event, and ends it by returning true. */
async function evaluates(
  permissions: readonly string[],
  words: readonly string[],
  listen: (event: Record<string, unknown>) => boolean = () => false,
) {
  const program = join(dirname((await built()).tapestry), 'evaluate.js');
  const child = spawn(
    deno,
    ['run', '--no-remote', '--no-npm', '--no-prompt', ...permissions, program, ...words, '--json'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    said += data.toString();
  });
  const exited = once(child, 'close');
  const events: Record<string, unknown>[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const event = v.parse(eventLine, line);
    events.push(event);
    if (listen(event)) child.kill('SIGINT');
  }
  const [code] = await exited;
  return { code: Number(code), events, said };
}

test('Deno scores a round on its GPU, with permissions for the relay and its own folder only', async () => {
  const folder = temporaryFolder();
  const files = [`--allow-read=${folder}`, `--allow-write=${folder}`];
  const shown = await evaluates(files, ['--show-key', '--data', folder]);
  expect(shown.code, shown.said).toBe(0);
  const key = String(shown.events[0]?.['key']);
  const relay = await evaluatedRelay({ create: evaluatedRun([key]) });
  const { code, events, said } = await evaluates(
    [`--allow-net=${relay.url.host}`, ...files],
    [relay.url.href, '--data', folder],
    ({ event }) => {
      if (event === 'evaluating') void contributeRound(relay);
      return event === 'committed';
    },
  );
  expect(code, said).toBe(130);
  expect(events.map(({ event }) => event)).toEqual(['evaluating', 'evaluated', 'committed']);
  expect(events[1]).toMatchObject({ round: 1, answer: 'taken' });
  expect(events[2]).toEqual({ event: 'committed', round: 1, counted: true });
});

test('a missing Deno permission names the option to add', async () => {
  const folder = temporaryFolder();
  const files = [`--allow-read=${folder}`, `--allow-write=${folder}`];
  const host = `127.0.0.1:${await freePort()}`;
  const words = [`http://${host}/`, '--data', folder];
  const offline = await evaluates(['--allow-net=relay.example', ...files], words);
  expect(offline.code).not.toBe(0);
  expect(`${JSON.stringify(offline.events)}${offline.said}`).toContain(`--allow-net=${host}`);
});
