import { readFile } from 'node:fs/promises';
import { TapestryError } from '../../../client/errors.ts';

/**
 * The join token of --token or, without it, of the first line of --token-file.
 * Throws `usage.token-file` for a file that cannot be read or holds no token.
 */
export async function tokenOf(flags: {
  readonly token?: string;
  readonly tokenFile?: string;
}): Promise<string | undefined> {
  if (flags.token !== undefined || flags.tokenFile === undefined) return flags.token;
  const token = await readFile(flags.tokenFile, 'utf8').then(
    (text) => text.trim(),
    (cause: unknown) => {
      throw unusable(flags.tokenFile, 'cannot be read', cause);
    },
  );
  if (token === '') throw unusable(flags.tokenFile, 'is empty');
  return token;
}

function unusable(file: string | undefined, why: string, cause?: unknown): TapestryError {
  return new TapestryError(
    'usage.token-file',
    `The token file ${file} ${why}.`,
    'Put the token into a file that this user can read, on one line.',
    { cause },
  );
}
