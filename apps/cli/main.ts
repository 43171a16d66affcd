import { Command } from 'commander';
import { runCommandLine } from './command-line.ts';
import { exitHelp } from './exit.ts';
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
    name: 'bench',
    summary: 'measure the kernels on this adapter, and show what was measured',
    load: async () => (await import('./bench.ts')).benchCommand,
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
  return tapestry;
}

const words = process.argv.slice(2);
// Dawn keeps a process alive that has nothing more to do.
process.exit(await runCommandLine(await program(words), words));
