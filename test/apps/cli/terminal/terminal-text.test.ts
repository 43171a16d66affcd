import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shellWord, terminalText } from '../../../../apps/cli/terminal/terminal-text.ts';

test('text from outside cannot move the cursor, change colours or reorder a line', () => {
  expect(terminalText('a\u001b[2Jb\u0007c\u009bd')).toBe('a\\u{1b}[2Jb\\u{7}c\\u{9b}d');
  expect(terminalText('gpj.\u202eexe')).toBe('gpj.\\u{202e}exe');
  expect(terminalText('two\r\nlines\tand a tab')).toBe('two lines and a tab');
  expect(terminalText('two\nlines\u001b', 'lines')).toBe('two\nlines\\u{1b}');
  expect(terminalText('Grüße, 世界, مرحبا')).toBe('Grüße, 世界, مرحبا');
});

test('the output has no control character for any text', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0x10ffff })), (codes) => {
      const text = String.fromCodePoint(...codes);
      expect(terminalText(text)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
    }),
  );
});

test('a file name in a suggested command stays one word for the shell', () => {
  expect(shellWord('.tapestry/demo/base')).toBe('.tapestry/demo/base');
  const names = ['my letters; touch X', "it's", '$(touch X)', '`x`', '', 'a"b', '~', '*', '-x y', 'façade'];
  const words = names.map(shellWord).join(' ');
  const shown = execFileSync('sh', ['-c', `for word in ${words}; do printf '%s\\n' "$word"; done`], {
    encoding: 'utf8',
  });
  expect(shown.split('\n').slice(0, -1)).toEqual(names);
});
