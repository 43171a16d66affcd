import { CommanderError } from 'commander';
import { TapestryError } from '../../client/errors.ts';
import { exit, exitCodeOf } from './exit.ts';
import { joinCommand } from './join.ts';
import { Output } from './output.ts';

/** `tapestry join` on its own: the small program that Node and Deno both run. */
async function main(words: readonly string[]): Promise<number> {
  const output = new Output(words.includes('--json'));
  const command = joinCommand()
    .exitOverride()
    .showHelpAfterError(false)
    // Asked for colours, commander reads the environment, which Deno may not allow.
    .configureOutput({ outputError: () => {}, getOutHasColors: () => false, getErrHasColors: () => false });
  try {
    await command.parseAsync(words, { from: 'user' });
    return Number(process.exitCode ?? exit.done);
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      output.error(error);
      return exitCodeOf(error);
    }
    if (error.exitCode === 0) return exit.done;
    const message = error.message.replace(/^error: /, '');
    output.error(new TapestryError('usage', message, 'Add --help to see what there is.'));
    return exit.usage;
  }
}

const code = await main(process.argv.slice(2));
// Dawn keeps a process alive that has nothing more to do; what was written is let through first.
process.stdout.write('', () => process.exit(code));
