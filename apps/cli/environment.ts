import type { Command, Option } from 'commander';
import { printable, TapestryError } from '../../client/errors.ts';

/** A variable of the environment; undefined where it is not set or may not be read, as in Deno without --allow-env. */
export function environment(name: string): string | undefined {
  try {
    return process.env[name];
  } catch {
    return undefined;
  }
}

/** The variable that gives an option: `--token-file` is TAPESTRY_TOKEN_FILE. */
export function variableOf(option: Pick<Option, 'attributeName'>): string {
  return `TAPESTRY_${option.attributeName().replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}

/**
 * Turns off each switch whose variable says so: commander turns it on for any value, `0` as well.
 * Throws `usage.environment` for a value that says neither.
 */
export function readSwitches(command: Command): void {
  for (const option of command.options) {
    const key = option.attributeName();
    const { envVar } = option;
    if (!option.isBoolean() || envVar === undefined || command.getOptionValueSource(key) !== 'env') continue;
    const value = environment(envVar) ?? '';
    if (saysOn(value)) continue;
    if (!/^(0|false|no|off)$/i.test(value))
      throw new TapestryError(
        'usage.environment',
        `The variable ${envVar} is ${value === '' ? 'empty' : printable(value)}, which is neither on nor off.`,
        'Use 1 or 0, or leave it out.',
      );
    command.setOptionValueWithSource(key, option.defaultValue, 'default');
  }
}

/** Whether the value of a variable turns a switch on. */
export function saysOn(value: string | undefined): boolean {
  return value !== undefined && /^(1|true|yes|on)$/i.test(value);
}

/** A process's variables without those of options, for a program that is started with all options it needs. */
export function withoutOptions(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isOption = (name: string) => name.startsWith('TAPESTRY_') && name !== 'TAPESTRY_CACHE';
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !isOption(name)));
}
