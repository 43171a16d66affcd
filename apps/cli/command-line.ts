import { type Command, CommanderError, Help } from 'commander';
import { TapestryError } from '../../client/errors.ts';
import { exit, exitCodeOf } from './exit.ts';
import { Output } from './output.ts';

/** Runs a command with these words; the process's exit code. Errors are shown, as JSON too where it is asked for. */
export async function runCommandLine(command: Command, words: readonly string[]): Promise<number> {
  const output = new Output(words.includes('--json'));
  for (const each of withSubcommands(command))
    each
      .exitOverride()
      .configureHelp({ optionDescription: describeOption })
      .showHelpAfterError(false)
      .configureOutput({ outputError: () => {} });
  try {
    await command.parseAsync(words, { from: 'user' });
    return Number(process.exitCode ?? exit.done);
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      output.error(error);
      return exitCodeOf(error);
    }
    if (error.exitCode === 0) return exit.done;
    // With this code commander has printed the whole help already: no command was given.
    const message = error.message.replace(/^error: /, '');
    if (error.code !== 'commander.help')
      output.error(new TapestryError('usage', message, 'Add --help to see what there is.'));
    return exit.usage;
  }
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/** That a switch is off unless it is given goes without saying. */
const describeOption: Help['optionDescription'] = (option) =>
  option.defaultValue === false ? option.description : new Help().optionDescription(option);
