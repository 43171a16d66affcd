import { type Command, CommanderError, Help, Option } from 'commander';
import { TapestryError } from '../../client/errors.ts';
import { environment, readSwitches, saysOn, variableOf } from './environment.ts';
import { exit, exitCodeOf } from './exit-codes.ts';
import { Output } from './terminal/output.ts';
import { streams, type Verbosity } from './terminal/streams.ts';

/** Runs a command with these words and gives the process's exit code. Errors are printed, with `--json` as JSON too. */
export async function runCommandLine(command: Command, words: readonly string[]): Promise<number> {
  const output = new Output(words.includes('--json') || saysOn(environment('TAPESTRY_JSON')));
  for (const each of withSubcommands(command)) {
    const example = each.options.find(({ required }) => required) ?? each.options[0];
    if (example !== undefined && each.commands.length === 0) addVerbosity(each, example);
    each
      .exitOverride()
      .configureHelp({ optionDescription: describeOption })
      .showHelpAfterError(false)
      .configureOutput({
        writeOut: (text) => streams.write('stdout', text),
        outputError: () => {},
        // Help has no colours; asking for them reads variables that Deno may not permit.
        getOutHasColors: () => false,
        getErrHasColors: () => false,
      });
  }
  command.hook('preAction', (_, action) => {
    refuseEmpty(action);
    readSwitches(action);
    streams.verbosity = verbosityOf(action.opts());
  });
  try {
    await command.parseAsync(words, { from: 'user' });
    return Number(process.exitCode ?? exit.done);
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      output.error(error);
      return exitCodeOf(error);
    }
    if (error.exitCode === 0) return exit.done;
    // No command was given: commander has already printed the whole help.
    const message = error.message.replace(/^error: /, '');
    if (error.code !== 'commander.help')
      output.error(new TapestryError('usage', message, 'Add --help to see the commands and options.'));
    return exit.usage;
  }
}

/** Adds the options of every command, and help that tells of variables by an example among its own options. */
function addVerbosity(command: Command, example: Option): void {
  command
    .addOption(new Option('-q, --quiet', 'print results and errors only').default(false).conflicts('verbose'))
    .option('-v, --verbose', 'print more: the causes of errors, and all that a relay logs', false)
    .addHelpText(
      'after',
      `\nEach option is also read from the environment, unless it is given: ${example.long} from ${variableOf(example)}.`,
    );
}

function verbosityOf({ quiet, verbose }: { quiet?: boolean; verbose?: boolean }): Verbosity {
  if (quiet === true) return 'quiet';
  return verbose === true ? 'verbose' : 'usual';
}

/**
 * Refuses an option, variable or argument that is empty, as `--text "$UNSET"` is: taken for a value it would mean the
 * current folder, or no token at all. Throws `usage.empty`.
 */
function refuseEmpty(command: Command): void {
  const isEmpty = (value: unknown): boolean => value === '' || (Array.isArray(value) && value.some(isEmpty));
  const option = command.options.find((each) => isEmpty(command.getOptionValue(each.attributeName())));
  if (option !== undefined) {
    const source = command.getOptionValueSource(option.attributeName());
    throw empty(source === 'env' ? `The variable ${option.envVar}` : `The option ${option.long}`);
  }
  if (command.args.some(isEmpty)) throw empty('An argument');
}

function empty(what: string): TapestryError {
  return new TapestryError('usage.empty', `${what} is empty.`, 'Give it a value, or leave it out.');
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/** Leaves out `(default: false)`: a switch is off unless it is given. */
const describeOption: Help['optionDescription'] = (option) =>
  option.defaultValue === false ? option.description : new Help().optionDescription(option);
