import { type Command, InvalidArgumentError } from 'commander';

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

/** The folder of a node's key and resume state, unless another is named. */
export const nodeFolder = '.tapestry/node';

/** Adds `--data`, the folder of the key that signs the lineage of what a command makes. */
export function withSigner(command: Command): Command {
  const about = "the folder of this node's key, which signs the lineage";
  return command.option('--data <folder>', about, nodeFolder);
}

/** Adds examples at the end of a command's help, one a line. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  $ ${line}`).join('\n')}`);
}
