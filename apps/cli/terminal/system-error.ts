import { TapestryError } from '../../../client/errors.ts';

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not read or write it',
  EPERM: 'this user may not read or write it',
  EROFS: 'it is on a file system that cannot be written',
  ENOTDIR: 'a part of its path is a file and not a folder',
  EEXIST: 'a file of that name is in the way',
  EISDIR: 'it is a folder and not a file',
  ENOENT: 'it does not exist',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  ELOOP: 'its links form a circle',
  ENAMETOOLONG: 'its name is too long',
};

/**
 * An error of the operating system, or of Deno's permissions, in words and with a next step; null for any other error.
 * Such errors come from what the user named (a path, a flag) and not from a bug, wherever they surface.
 */
export function systemError(error: unknown): TapestryError | null {
  if (!(error instanceof Error)) return null;
  if (error.name === 'NotCapable') {
    const flag = /--allow-[a-z]+/.exec(error.message)?.[0] ?? '--allow-read, --allow-write and --allow-net';
    return new TapestryError(
      'host.permission',
      `Deno does not permit this: ${error.message.split(',')[0]}.`,
      `Add ${flag} to the command; "join --help" shows all permissions that a node needs.`,
      { cause: error },
    );
  }
  const { code, path }: NodeJS.ErrnoException = error;
  if (code === undefined || path === undefined) return null;
  return new TapestryError(
    code === 'ENOSPC' || code === 'EDQUOT' ? 'disk.full' : 'disk.failed',
    `${path} cannot be used: ${reasons[code] ?? code}.`,
    'Name another file or folder, or change its permissions.',
    { cause: error },
  );
}
