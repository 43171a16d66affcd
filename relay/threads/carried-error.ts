import { TapestryError } from '../../client/errors.ts';

/** An error as it crosses between threads, which carry only plain values; `code` and `next` are those of a TapestryError. */
export interface CarriedError {
  readonly message: string;
  readonly code: string | null;
  readonly next: string;
}

export function carriedError(cause: unknown): CarriedError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return cause instanceof TapestryError
    ? { message, code: cause.code, next: cause.next }
    : { message, code: null, next: '' };
}

/** The inverse. */
export function errorOf({ message, code, next }: CarriedError): Error {
  return code === null ? new Error(message) : new TapestryError(code, message, next);
}
