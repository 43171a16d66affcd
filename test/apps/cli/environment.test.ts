import { Option } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { Command } from '../../../apps/cli/command.ts';
import { runCommandLine } from '../../../apps/cli/command-line.ts';
import { exit } from '../../../apps/cli/exit-codes.ts';
import { streams } from '../../../apps/cli/terminal/streams.ts';

afterEach(() => vi.unstubAllEnvs());

/** The help of a command. */
async function helpOf(inner: Command): Promise<string> {
  let printed = '';
  const write = vi.spyOn(streams, 'write').mockImplementation((_, text) => {
    printed += text;
  });
  await runCommandLine(new Command('outer').addCommand(inner), [inner.name(), '--help']);
  write.mockRestore();
  return printed;
}

/** Runs a command of some options with these words; gives what its action was told, and what was printed. */
async function given(...words: string[]) {
  let told: Record<string, unknown> | null = null;
  let printed = '';
  const write = vi.spyOn(streams, 'write').mockImplementation((_, text) => {
    printed += text;
  });
  const inner = new Command('inner')
    .option('--token-file <file>', 'a file')
    .option('--fresh', 'start over', false)
    .addOption(new Option('--rounds <count>').argParser(Number).default(3))
    .option('--json', 'as JSON', false)
    .action((flags) => {
      told = { ...flags, verbosity: streams.verbosity };
    });
  const code = await runCommandLine(new Command('outer').addCommand(inner), ['inner', ...words]);
  write.mockRestore();
  return { code, told, printed };
}

test('each option of a subcommand is read from the environment, and the command line wins', async () => {
  vi.stubEnv('TAPESTRY_TOKEN_FILE', 'there.txt');
  vi.stubEnv('TAPESTRY_ROUNDS', '7');
  expect((await given()).told).toMatchObject({ tokenFile: 'there.txt', rounds: 7, fresh: false });
  expect((await given('--rounds', '9')).told).toMatchObject({ tokenFile: 'there.txt', rounds: 9 });
});

test.each([
  ['1', true],
  ['yes', true],
  ['0', false],
  ['False', false],
])('a switch is turned by its variable: %s', async (value, fresh) => {
  vi.stubEnv('TAPESTRY_FRESH', value);
  expect((await given()).told).toMatchObject({ fresh });
});

test('help names a variable of an option that the command has', async () => {
  const { printed } = await given('--help');
  expect(printed).toContain('--token-file from TAPESTRY_TOKEN_FILE');
  expect(await helpOf(new Command('bare').option('--rounds <count>', 'of the run'))).toContain(
    '--rounds from TAPESTRY_ROUNDS',
  );
});

test.each(['perhaps', '', '\u001b[2J'])('a switch refuses the value %j of its variable', async (value) => {
  vi.stubEnv('TAPESTRY_FRESH', value);
  const { code, told, printed } = await given();
  expect({ code, told }).toEqual({ code: exit.usage, told: null });
  expect(printed).toContain('TAPESTRY_FRESH');
  expect(printed).not.toContain('\u001b[2J');
});

test('-q and -v set how much is printed, and exclude each other', async () => {
  expect((await given()).told).toMatchObject({ verbosity: 'usual' });
  expect((await given('-q')).told).toMatchObject({ verbosity: 'quiet' });
  expect((await given('--verbose')).told).toMatchObject({ verbosity: 'verbose' });
  expect((await given()).told).toMatchObject({ verbosity: 'usual' });
  const { code, printed } = await given('-q', '-v');
  expect(code).toBe(exit.usage);
  expect(printed).toMatch(/--quiet.*--verbose/);
});
