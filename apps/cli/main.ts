import { Command } from './command.ts';
import { runCommandLine } from './command-line.ts';
import { exit, exitHelp } from './exit-codes.ts';
import { terminal } from './terminal/streams.ts';
import { version } from './version.ts';

/** The commands. Only the requested one is loaded, so that `--help` answers at once. */
const commands: readonly { name: string; summary: string; load: () => Promise<() => Command> }[] = [
  {
    name: 'demo',
    summary: 'a whole run on this machine: a relay and nodes with a corpus each',
    load: async () => (await import('./commands/demo.ts')).demoCommand,
  },
  {
    name: 'relay',
    summary: 'serve a run that others join',
    load: async () => (await import('./commands/relay.ts')).relayCommand,
  },
  {
    name: 'join',
    summary: 'contribute to a run; the text stays here',
    load: async () => (await import('./commands/join.ts')).joinCommand,
  },
  {
    name: 'evaluate',
    summary: "score the contributions to a run that grants this machine's key the role",
    load: async () => (await import('./commands/evaluate.ts')).evaluateCommand,
  },
  {
    name: 'build',
    summary: 'make a derivative of a base by a recipe; it stays here',
    load: async () => (await import('./commands/build.ts')).buildCommand,
  },
  {
    name: 'preview',
    summary: "a recipe's rows as tokens, coloured by whether they carry loss",
    load: async () => (await import('./commands/preview.ts')).previewCommand,
  },
  {
    name: 'constitution',
    summary: 'principles: sign them, rank them by votes, label data by them',
    load: async () => (await import('./commands/constitution/constitution.ts')).constitutionCommand,
  },
  {
    name: 'studio',
    summary: 'a page that builds and compares derivatives in the browser, offline',
    load: async () => (await import('./commands/studio.ts')).studioCommand,
  },
  {
    name: 'merge',
    summary: 'make one model of several by a recipe of mergekit',
    load: async () => (await import('./commands/merge.ts')).mergeCommand,
  },
  {
    name: 'generate',
    summary: 'continue a prompt with a model',
    load: async () => (await import('./commands/model/generate.ts')).generateCommand,
  },
  {
    name: 'chat',
    summary: 'talk with a model; votes on its answers make preference pairs',
    load: async () => (await import('./commands/model/chat.ts')).chatCommand,
  },
  {
    name: 'serve',
    summary: 'answer programs of this machine by the chat-completions protocol',
    load: async () => (await import('./commands/model/serve.ts')).serveCommand,
  },
  {
    name: 'eval',
    summary: "a model's loss on held-out text",
    load: async () => (await import('./commands/model/eval.ts')).evalCommand,
  },
  {
    name: 'import',
    summary: 'make a base of a model from elsewhere',
    load: async () => (await import('./commands/import.ts')).importCommand,
  },
  {
    name: 'export',
    summary: 'write a model as GGUF or safetensors for other tools',
    load: async () => (await import('./commands/export.ts')).exportCommand,
  },
  {
    name: 'rebase',
    summary: 'move a derivative to a newer base, or tune it there',
    load: async () => (await import('./commands/sovereignty/rebase.ts')).rebaseCommand,
  },
  {
    name: 'lineage',
    summary: 'what a model was made from, verified back to its run',
    load: async () => (await import('./commands/sovereignty/lineage.ts')).lineageCommand,
  },
  {
    name: 'exit',
    summary: 'leave with everything in one folder, or prove such a folder whole',
    load: async () => (await import('./commands/sovereignty/exit.ts')).exitCommand,
  },
  {
    name: 'card',
    summary: 'say what data may take part in',
    load: async () => (await import('./commands/data/card.ts')).cardCommand,
  },
  {
    name: 'revoke',
    summary: 'stop the use of data, and list what it went into',
    load: async () => (await import('./commands/data/revoke.ts')).revokeCommand,
  },
  {
    name: 'verify',
    summary: "re-derive a run's bases from its journal, bit for bit",
    load: async () => (await import('./commands/verify.ts')).verifyCommand,
  },
  {
    name: 'simulate',
    summary: 'rounds with virtual nodes under faults, replayed by a seed',
    load: async () => (await import('./commands/simulation/simulate.ts')).simulateCommand,
  },
  {
    name: 'bench',
    summary: 'measure the kernels on this adapter, and show what was measured',
    load: async () => (await import('./commands/bench.ts')).benchCommand,
  },
  {
    name: 'info',
    summary: 'versions, adapter, presets, and what a relay is doing',
    load: async () => (await import('./commands/info.ts')).infoCommand,
  },
  {
    name: 'doctor',
    summary: 'look at what a node needs on this machine, and at a relay',
    load: async () => (await import('./commands/machine/doctor.ts')).doctorCommand,
  },
  {
    name: 'completion',
    summary: 'the script with which bash, zsh or fish completes commands',
    load: async () => {
      const { completionCommand } = await import('./commands/machine/completion.ts');
      return () => completionCommand(() => program(() => true));
    },
  },
];

/** The command `tapestry`, with the options of those commands that are to be loaded. */
async function program(isWanted: (name: string) => boolean): Promise<Command> {
  const tapestry = new Command('tapestry')
    .description('Train one shared language model together, on text that never leaves its node.')
    .version(version)
    .addHelpText('after', `\n${exitHelp}`);
  for (const { name, summary, load } of commands) {
    const command = isWanted(name) ? (await load())() : new Command(name);
    tapestry.addCommand(command.name(name).summary(summary));
  }
  return tapestry;
}

/** The words of the command line; without one, a person in a terminal is asked. Null where they leave. */
async function givenWords(): Promise<readonly string[] | null> {
  const words = process.argv.slice(2);
  if (words.length > 0 || process.stdin.isTTY !== true || !terminal.isTTY) return words;
  return (await import('./start-menu.ts')).askInTerminal();
}

const words = await givenWords();
if (words === null) process.exit(exit.interrupted);
// Dawn keeps an idle process alive.
const wanted = words[0] === 'help' ? words[1] : words[0];
process.exit(await runCommandLine(await program((name) => name === wanted), words));
