/** The most levels of nested objects and arrays. */
export const maxJsonDepth = 32;

/**
 * Parses UTF-8 bytes as JSON. Unlike `JSON.parse`, it refuses a key that occurs twice in one object (parsers differ on
 * which one counts) and nesting deeper than `maxJsonDepth`. Throws a SyntaxError, or a TypeError for bytes that are not
 * UTF-8.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  const value: unknown = JSON.parse(text);
  checkKeysAndDepth(text);
  return value;
}

/** Encodes a value as indented JSON with a line end. */
export function encodeJson(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}

/** A value as compact JSON with the keys of every object in order, so that equal values have equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, sortedKeys);
}

function sortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Checks keys and nesting of text that is known to be valid JSON. */
function checkKeysAndDepth(text: string): void {
  const open: Set<string>[] = []; // the keys of each enclosing object or array
  let at = 0;
  while (at < text.length) {
    const character = text[at];
    if (character === '{' || character === '[') {
      if (open.length === maxJsonDepth) throw new SyntaxError(`it is nested deeper than ${maxJsonDepth}`);
      open.push(new Set());
    }
    if (character === '}' || character === ']') open.pop();
    if (character === '"') {
      const start = at++;
      while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
      if (isKey(text, at + 1)) {
        const key = String(JSON.parse(text.slice(start, at + 1)));
        const keys = open.at(-1);
        if (keys?.has(key)) throw new SyntaxError(`the key ${JSON.stringify(key)} is given twice`);
        keys?.add(key);
      }
    }
    at++;
  }
}

/** True if the string that ends before `at` is a key. */
function isKey(text: string, at: number): boolean {
  let next = at;
  while (text[next] === ' ' || text[next] === '\n' || text[next] === '\r' || text[next] === '\t') next++;
  return text[next] === ':';
}
