import { readFile } from 'node:fs/promises';
import { TapestryError } from '../../client/errors.ts';

/** The join token of --token or, without it, --token-file. Throws `usage.token-file`. */
export async function tokenOf(flags: {
  readonly token?: string;
  readonly tokenFile?: string;
}): Promise<string | undefined> {
  if (flags.token !== undefined || flags.tokenFile === undefined) return flags.token;
  try {
    return (await readFile(flags.tokenFile, 'utf8')).trim();
  } catch (cause) {
    throw new TapestryError(
      'usage.token-file',
      `${flags.tokenFile} cannot be read.`,
      'Put the token into a file that this user can read, on one line.',
      { cause },
    );
  }
}
