import { Command, CommanderError } from 'commander';
import { TapestryError } from '../../client/errors.ts';
import { exit, exitCodeOf, exitHelp } from './exit.ts';
import { Output } from './output.ts';
import { version } from './version.ts';

/** The commands. Only the one that is asked for is loaded, so that `--help` is at hand at once. */
const commands: readonly { name: string; summary: string; load: () => Promise<() => Command> }[] = [
  {
    name: 'demo',
    summary: 'a whole run on this machine: a relay and nodes with a nation each',
    load: async () => (await import('./demo.ts')).demoCommand,
  },
  {
    name: 'relay',
    summary: 'serve a run that others join',
    load: async () => (await import('./relay.ts')).relayCommand,
  },
  {
    name: 'join',
    summary: 'contribute to a run; the text stays here',
    load: async () => (await import('./join.ts')).joinCommand,
  },
  {
    name: 'generate',
    summary: 'continue a prompt with a model',
    load: async () => (await import('./generate.ts')).generateCommand,
  },
  {
    name: 'eval',
    summary: "a model's loss on held-out text",
    load: async () => (await import('./eval.ts')).evalCommand,
  },
  {
    name: 'verify',
    summary: "re-derive a run's bases from its journal, bit for bit",
    load: async () => (await import('./verify.ts')).verifyCommand,
  },
  {
    name: 'info',
    summary: 'versions, adapter, presets, and what a relay is doing',
    load: async () => (await import('./info.ts')).infoCommand,
  },
];

async function program(words: readonly string[]): Promise<Command> {
  const tapestry = new Command('tapestry')
    .description('Train one shared language model together, on text that never leaves its node.')
    .version(version)
    .addHelpText('after', `\n${exitHelp}`);
  const wanted = words[0] === 'help' ? words[1] : words[0];
  for (const { name, summary, load } of commands) {
    const command = name === wanted ? (await load())() : new Command(name);
    tapestry.addCommand(command.name(name).summary(summary));
  }
  for (const command of [tapestry, ...tapestry.commands]) command.exitOverride().showHelpAfterError(false);
  return tapestry;
}

/** Runs a command line; the exit code. */
async function run(words: readonly string[]): Promise<number> {
  const output = new Output(words.includes('--json'));
  const tapestry = await program(words);
  for (const command of [tapestry, ...tapestry.commands]) command.configureOutput({ outputError: () => {} });
  try {
    await tapestry.parseAsync(words, { from: 'user' });
    return Number(process.exitCode ?? exit.done);
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      output.error(error);
      return exitCodeOf(error);
    }
    if (error.exitCode === 0) return exit.done;
    const message = error.message.replace(/^error: /, '');
    // Commander's own word for "no command was given" after it has printed the help.
    if (error.code !== 'commander.help')
      output.error(new TapestryError('usage', message, 'Add --help to see what there is.'));
    return exit.usage;
  }
}

process.exitCode = await run(process.argv.slice(2));
