/** Objects and arrays inside one another. */
export const maxJsonDepth = 32;

/**
 * `JSON.parse` of UTF-8 bytes that also refuses what `JSON.parse` lets pass: a key given twice in one object (readers differ
 * on which one counts), nesting without end, and bytes that are not UTF-8. Throws a SyntaxError or a TypeError.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  const value: unknown = JSON.parse(text);
  checkKeysAndDepth(text);
  return value;
}

/** Walks over text that is known to be JSON. */
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

/** Whether the string that ends before `at` is a key. */
function isKey(text: string, at: number): boolean {
  let next = at;
  while (text[next] === ' ' || text[next] === '\n' || text[next] === '\r' || text[next] === '\t') next++;
  return text[next] === ':';
}
