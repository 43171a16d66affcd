import { escaped } from '../../../client/errors.ts';

/**
 * Characters that move the cursor, change colours, break a line or reorder it: controls, line and paragraph separators,
 * and the bidirectional controls that can make one name read as another (Unicode TR 36, section 2.10.2). Unlike `printable`,
 * samples keep the joiners that emoji, Persian and Indic text need.
 */
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/**
 * Text from elsewhere (names, samples, file names, what a relay says) as a terminal may show it: each unsafe character
 * becomes its code, such as `\u{1b}`. Line ends become spaces, except with `lines`, which keeps them.
 */
export function terminalText(text: string, lines: 'one line' | 'lines' = 'one line'): string {
  return text.replaceAll('\r\n', '\n').replace(unsafe, (character) => {
    if (character === '\t') return ' ';
    if (character === '\n') return lines === 'lines' ? '\n' : ' ';
    return escaped(character);
  });
}

/** A word of a suggested command, quoted for a POSIX shell wherever it could mean something else to it. */
export function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${terminalText(word).replaceAll("'", "'\\''")}'`;
}
