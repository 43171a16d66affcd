import { Command as CommanderCommand, type Option } from 'commander';
import { environment, variableOf } from './environment.ts';

/** A command each of whose options the environment gives too, where the command line does not. */
export class Command extends CommanderCommand {
  override addOption(option: Option): this {
    // Commander reads every variable that it knows of, and Deno may refuse those that are not set.
    if (!option.negate && environment(variableOf(option)) !== undefined) option.env(variableOf(option));
    return super.addOption(option);
  }
}
