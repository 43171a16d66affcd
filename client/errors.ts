/**
 * An error a person can act on: `code` is stable and documented, `message` says what is wrong, `next` what mends it.
 * Anything thrown across a module's border that is not a bug is one of these.
 */
export class TapestryError extends Error {
  readonly code: string;
  readonly next: string;

  constructor(code: string, message: string, next: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TapestryError';
    this.code = code;
    this.next = next;
  }
}
