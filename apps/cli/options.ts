import { type Command, InvalidArgumentError, Option } from 'commander';
import { type DataName, dataFolder } from './files/data-folder.ts';

/** A parser of a whole number within limits, for commander. */
export function whole(least: number, greatest: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= greatest) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${greatest}.`);
  };
}

/** A parser of a number within limits, for commander. */
export function decimal(least: number, greatest: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value >= least && value <= greatest) return value;
    throw new InvalidArgumentError(`It must be a number from ${least} to ${greatest}.`);
  };
}

/** For commander: an option that may be given more than once keeps every value. */
export function repeated(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** Adds `--json`, which every command has. */
export function withJson(command: Command): Command {
  return command.option('--json', 'print one JSON object a line on stdout', false);
}

/** `--data`: the folder of what a command stores between its runs; see `dataFolder`. */
export function dataOption(name: DataName, about: string): Option {
  const usual = `tapestry/${name} in the system's folder for data`;
  return new Option('--data <folder>', about).default(dataFolder(name), usual);
}

/** Adds `--data`, the folder of the key that signs the lineage of what a command makes. */
export function withSigner(command: Command): Command {
  return command.addOption(dataOption('node', "the folder of this node's key, which signs the lineage"));
}

/** Adds examples at the end of a command's help, one a line. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  $ ${line}`).join('\n')}`);
}
