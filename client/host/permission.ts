import { TapestryError } from '../errors.ts';

/** True for Deno's error about a permission that was not granted. */
export function isPermissionError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'NotCapable';
}

/** An error that names the option that allows `action`. It is not retried, because a retry would fail in the same way. */
export function permissionError(action: string, option: string, cause: unknown): TapestryError {
  return new TapestryError(
    'host.permission',
    `Deno does not allow this program to ${action}.`,
    `Run it again with ${option}.`,
    { cause },
  );
}
