import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maxJsonDepth, parseJson } from '../../../client/formats/json.ts';

const parse = (text: string) => parseJson(new TextEncoder().encode(text));

test('the parser gives the same values as JSON.parse', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(undefined, 1, '\t'), (text, space) => {
      const spaced = JSON.stringify(JSON.parse(text), null, space);
      expect(parse(spaced)).toEqual(JSON.parse(spaced));
    }),
  );
});

test('a key given twice in one object is refused in any spelling; in two objects it is accepted', () => {
  for (const text of ['{"a":1,"a":1}', '{"x":[{"a":1, "b":{"a":1} ,"\\u0061" : 2}]}', '{"":0,"":0}']) {
    expect(() => parse(text)).toThrow('given twice');
  }
  const fine = '{"a":{"a":"a"},"b":["a","a",{"a":{}},{"a":[]}],"c\\"":"c","c":"a:"}';
  expect(parse(fine)).toEqual(JSON.parse(fine));
});

test('nesting past the limit, a byte order mark and bytes that are not UTF-8 are refused', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  expect(parse(nested(maxJsonDepth))).toEqual(JSON.parse(nested(maxJsonDepth)));
  expect(() => parse(nested(maxJsonDepth + 1))).toThrow('nested deeper');
  expect(() => parse('\ufeff{}')).toThrow(SyntaxError);
  expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(TypeError);
});
