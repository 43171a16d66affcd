import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { joinCommand } from '../../../../apps/cli/commands/join.ts';
import { describe as lineOf } from '../../../../apps/cli/commands/join-progress.ts';

const quiet = () =>
  joinCommand()
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
const run = (...words: string[]) => quiet().parseAsync(words, { from: 'user' });

afterEach(() => vi.unstubAllEnvs());

test('help names every option and the permissions that Deno needs', () => {
  let help = '';
  const command = joinCommand().configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  const flags = [
    'corpus',
    'text',
    'data',
    'token',
    'token-file',
    'run',
    'power',
    'seed',
    'fingerprint',
    'json',
  ];
  for (const flag of flags) expect(help).toContain(`--${flag}`);
  expect(help).toMatch(
    /deno run --no-remote --no-npm --no-prompt --allow-net=\S+ \\\n\s+--allow-read=\S+ --allow-write=/,
  );
});

test.each([
  [[], 'usage.relay'],
  [['ftp://relay.example', '--corpus', 'Romance'], 'usage.relay'],
  [['http://[', '--corpus', 'Romance'], 'usage.relay'],
  [['http://127.0.0.1:9'], 'usage.corpus'],
  [['http://127.0.0.1:9', '--corpus', 'Atlantis'], 'usage.corpus'],
  [['http://127.0.0.1:9', '--corpus', 'Romance', '--token-file', '/nowhere/token'], 'usage.token-file'],
  [['http://127.0.0.1:9', '--corpus', 'Romance', '--fingerprint', 'ab'], 'usage.fingerprint'],
  [['http://127.0.0.1:9', '--corpus', 'Romance', '--data', '/dev/null/x', '--run', 'abc'], 'disk.failed'],
  [['http://127.0.0.1:9', '--corpus', 'Romance', '--seed', '1', '--run', 'abc'], 'usage.run'],
  [['http://127.0.0.1:9', '--text', '/nowhere/*.txt', '--json'], 'corpus.none'],
])('%j ends with %s and a next step', async (words, code) => {
  const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    await expect(run(...words)).rejects.toMatchObject({ code, next: /./ });
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
  }
});

test.each(['0', '0.09', '1.5', '10', '-1', 'fast', '', 'Infinity'])(
  'join refuses a power of %j',
  async (power) => {
    await expect(run('http://127.0.0.1:9', '--power', power)).rejects.toMatchObject({ code: 'usage.power' });
    vi.stubEnv('TAPESTRY_POWER', power);
    if (power !== '') await expect(run('http://127.0.0.1:9')).rejects.toMatchObject({ code: 'usage.power' });
  },
);

test('environment variables set the options that the command line leaves out', async () => {
  vi.stubEnv('TAPESTRY_RELAY', 'ftp://relay.example');
  await expect(run('--corpus', 'Romance')).rejects.toThrow(/ftp:\/\/relay\.example/);
  vi.stubEnv('TAPESTRY_RELAY', 'http://127.0.0.1:9');
  vi.stubEnv('TAPESTRY_CORPUS', 'Atlantis');
  await expect(run()).rejects.toMatchObject({ code: 'usage.corpus' });
  await expect(run('--corpus', 'Mu')).rejects.toThrow(/Mu/);
  await expect(run('--corpus', 'slavik')).rejects.toThrow('is it Slavic?');
});

test('join tells the four words of the certificate that it was given, before it connects', async () => {
  let shown = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    shown += text;
    return true;
  });
  onTestFinished(() => write.mockRestore());
  const folder = mkdtempSync(path.join(tmpdir(), 'tapestry-join-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const link = `http://127.0.0.1:9/#fingerprint=${Buffer.alloc(32, 0xff).toString('base64url')}`;
  const words = [link, '--corpus', 'Romance', '--data', folder, '--run', 'abc', '--json'];
  await expect(run(...words)).rejects.toMatchObject({ code: 'usage.run' });
  expect(JSON.parse(shown)).toEqual({ event: 'pinned', certificate: 'zoo zoo zoo zoo' });
});

test('join prints one line for each event that matters to a person', () => {
  const line = lineOf({ event: 'acknowledged', round: 3, payload: 'ab', tokens: 5, sequence: 1 });
  expect(line).toBe('The relay holds the contribution to round 3.');
  const bytes = { join: 1, offer: 1, chunk: 1, heartbeat: 1, leave: 0 };
  expect(lineOf({ event: 'sent', bytes, received: 3 })).toBeNull();
});
