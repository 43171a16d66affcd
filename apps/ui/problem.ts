import { TapestryError } from '../../client/errors.ts';

/** A TapestryError as a worker sends it to its page. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

/** An error in the shape that a page shows. */
export function problemOf(error: unknown): Problem {
  return error instanceof TapestryError
    ? { code: error.code, message: error.message, next: error.next }
    : {
        code: 'page.unforeseen',
        message: String(error),
        next: 'Reload the page. If the error occurs again, report it.',
      };
}
