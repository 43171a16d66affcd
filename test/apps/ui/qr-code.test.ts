import { encode } from 'uqr';
import { expect, test } from 'vitest';
import { modulesOfPath, textOfCode } from '../../support/pages/qr-code.ts';

test.each([1, 15, 27, 43, 63, 85, 107, 123, 153, 181])(
  'a reader of its own finds a text of %i letters in a code',
  (length) => {
    const text = 'https://ä.example/#token='.repeat(9).slice(0, length);
    const { data } = encode(text, { border: 4, ecc: 'M' });
    const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
    expect(textOfCode(modulesOfPath(path))).toBe(text);
  },
);
