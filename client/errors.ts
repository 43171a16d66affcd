/**
 * An error that a person can act on. `code` is stable and documented, `message` says what is wrong, and `next` says how
 * to fix it. Every error that a module throws to its callers is a TapestryError, unless it is a bug.
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

/**
 * Makes text from outside, such as a file's name, safe to show in a message: escapes control characters, line breaks,
 * invisible formatting and lone surrogates, and shortens the text to 200 characters.
 */
export function printable(text: string): string {
  const shown = text.length > 200 ? `${text.slice(0, 199)}…` : text;
  return shown.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escaped);
}

/** A character as its code, such as `\u{1b}`. */
export function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}
