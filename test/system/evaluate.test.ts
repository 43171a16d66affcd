import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { contributeRound, evaluatedRelay, evaluatedRun } from '../support/relay/quality/evaluated-run.ts';
import { until } from '../support/relay/stage.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type Built, built, runTapestry } from './built.ts';

let build: Built;
beforeAll(async () => {
  build = await built();
});

const eventLine = v.pipe(v.string(), v.parseJson(), v.looseObject({ event: v.string() }));

/** The key of an evaluator's folder, as its person hands it to the operator. */
async function keyOf(folder: string): Promise<string> {
  const { code, stdout } = await runTapestry(build, ['evaluate', '--show-key', '--data', folder]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
  return stdout.trim();
}

/** `tapestry evaluate` as a process, with what it tells as JSON. */
function evaluates(url: URL, folder: string) {
  const words = ['evaluate', url.href, '--data', folder, '--cpu', '--json'];
  const child = spawn(process.execPath, [build.tapestry, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const events: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => events.push(v.parse(eventLine, line)));
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    said += data.toString();
  });
  const heard = (name: string, times = 1) =>
    until(() => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${said}`);
      return events.filter(({ event }) => event === name).length >= times;
    });
  const ended = once(child, 'close').then(([code]) => code as unknown);
  return { child, events, heard, ended, said: () => said };
}

test('--help names the options and the role, and wrong use ends with 2 and names what is wrong', async () => {
  const help = await runTapestry(build, ['evaluate', '--help']);
  expect(help.code).toBe(0);
  for (const flag of ['data', 'show-key', 'cpu', 'token', 'token-file', 'fingerprint', 'json'])
    expect(help.stdout).toContain(`--${flag}`);
  expect(help.stdout).toContain('deno run --no-remote --no-npm --no-prompt --allow-net=');
  const folder = temporaryFolder();
  for (const [words, named] of [
    [['--quickly'], '--quickly'],
    [['http://127.0.0.1:9/', '--fingerprint', 'ab'], '--fingerprint'],
    [['http://127.0.0.1:9/', '--token-file', '/nowhere/token'], '/nowhere/token'],
    [['ftp://relay.example/'], 'ftp://relay.example/'],
    [[], 'address of the relay'],
  ] as const) {
    const { code, stderr, stdout } = await runTapestry(build, ['evaluate', ...words, '--data', folder]);
    expect(code, named).toBe(2);
    expect(stderr).toContain(named);
    expect(stdout).toBe('');
  }
});

test('a key that the manifest does not name is told so, and what to do', async () => {
  const [granted, other] = [temporaryFolder(), temporaryFolder()];
  const relay = await evaluatedRelay({ create: evaluatedRun([await keyOf(granted)]) });
  const key = await keyOf(other);
  const words = ['evaluate', relay.url.href, '--data', other, '--cpu'];
  const { code, stderr } = await runTapestry(build, words);
  expect(code).toBe(1);
  expect(stderr).toContain(`grants this key no evaluation: ${key}`);
  expect(stderr).toContain("Give the key to the relay's operator");
  const json = await runTapestry(build, [...words, '--json']);
  expect(json.code).toBe(1);
  expect(`${json.stdout}${json.stderr}`).toContain('"code":"evaluate.not-granted"');
});

test('it scores each round, bears a relay that is gone for a while, and Ctrl-C ends it with 130', async () => {
  const folder = temporaryFolder();
  const create = evaluatedRun([await keyOf(folder)]);
  const [port, place] = [await freePort(), temporaryFolder()];
  const first = await evaluatedRelay({ create, port, folder: place });
  const evaluator = evaluates(first.url, folder);
  await evaluator.heard('evaluating');
  await contributeRound(first);
  await evaluator.heard('committed');
  expect(evaluator.events.find(({ event }) => event === 'evaluated')).toMatchObject({
    ...{ round: 1, attempt: 1, answer: 'taken' },
  });
  expect(evaluator.events.at(-1)).toEqual({ event: 'committed', round: 1, counted: true });
  expect(first.status().evaluation).toMatchObject({ round: 1, scores: 1, states: 'h' });

  await first.close();
  await evaluator.heard('waiting');
  expect(evaluator.events.find(({ event }) => event === 'waiting')).toMatchObject({
    code: 'relay.unreachable',
  });
  const second = await evaluatedRelay({ create, port, folder: place });
  await contributeRound(second);
  await evaluator.heard('committed', 2);
  expect(evaluator.events.filter(({ event }) => event === 'evaluated')).toHaveLength(2);
  expect(evaluator.events.at(-1)).toEqual({ event: 'committed', round: 2, counted: true });
  // It read the journal on from where it was.
  expect(evaluator.events.filter(({ event }) => event === 'evaluating')).toHaveLength(1);

  evaluator.child.kill('SIGINT');
  expect(await evaluator.ended).toBe(130);
});
