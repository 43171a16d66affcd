import { join } from 'node:path';
import { type ESTree, parseSync, Visitor } from 'vite';
import { expect, test } from 'vitest';
import { familyOf, findingCodes, translatedProblems } from '../../../../apps/ui/words/problems.ts';
import { importsOf, readSources } from '../../../support/imports.ts';

const sources = readSources(join(import.meta.dirname, '../../../..'));
const imports = importsOf(sources);

/** The pages' own scripts; those of their workers are among what they import. */
const pages = ['audit', 'contribute', 'dashboard', 'studio'].map((page) => `apps/${page}/main.tsx`);

/** What the pages and their workers are made of. */
function reachable(): Set<string> {
  const found = new Set(pages);
  for (const file of found)
    for (const target of imports.get(file) ?? []) if (sources.has(target)) found.add(target);
  return found;
}

const isCode = (text: string) => /^[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*$/.test(text);

/** The codes of the errors in a script: the first of the three texts of an error, or `code` beside `message` and `next`. */
function codesIn(file: string, source: string): string[] {
  const codes: string[] = [];
  const note = (node: ESTree.Node | undefined) => {
    if (node?.type === 'Literal' && typeof node.value === 'string' && isCode(node.value))
      codes.push(node.value);
    if (node?.type === 'ConditionalExpression') {
      note(node.consequent);
      note(node.alternate);
    }
  };
  new Visitor({
    NewExpression({ callee, arguments: values }) {
      if (callee.type !== 'Identifier' || !/Error$/.test(callee.name)) return;
      const [code] = values;
      note(code);
      // One code for each name of a kind, such as `relay.` and a refusal's name.
      const begin = code?.type === 'TemplateLiteral' ? (code.quasis[0]?.value.raw ?? '') : '';
      if (/^[a-z-]+\.$/.test(begin)) codes.push(`${begin}any`);
    },
    CallExpression({ arguments: values }) {
      if (values.length >= 2) note(values[0]);
    },
    Property({ key, value }) {
      if (key.type === 'Identifier' && key.name === 'code') note(value);
    },
  }).visit(parseSync(file, source).program);
  return codes;
}

const hasWords = (code: string) =>
  translatedProblems.some((known) => known === code) || familyOf(code) !== null;

test('every code of an error that a page can meet has words', () => {
  const files = [...reachable()].filter((file) => /^(?:client|relay|apps)\/(?!ui\/words\/)/.test(file));
  expect(files.filter((file) => file.startsWith('client/')).length).toBeGreaterThan(200);
  const codes = new Map(
    files.flatMap((file) => codesIn(file, sources.get(file) ?? '').map((code) => [code, file])),
  );
  for (const expected of ['relay.any', 'device.too-small', 'dataset.bad-row', 'gguf.bad-file', 'disk.full'])
    expect([...codes.keys()]).toContain(expected);
  // What a verifier found is no error; its codes have words of their own.
  const findings = new Set<string>(findingCodes);
  const missing = [...codes].filter(([code]) => !findings.has(code) && !hasWords(code));
  expect(missing).toEqual([]);
});

test.each([
  ["throw new TapestryError('loom.jammed', 'It is jammed.', 'Free it.');", 'loom.jammed'],
  ["const problem = (file) => bad('loom.jammed', file, 'It is jammed.');", 'loom.jammed'],
  ["tell({ code: 'loom.jammed', message, next });", 'loom.jammed'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the source of a script
  ['throw new TapestryError(`loom.${name}`, message, next);', 'loom.any'],
  ["throw new TapestryError(isOld ? 'loom.old' : 'loom.jammed', message, next);", 'loom.jammed'],
])('a code without words is found: %s', (source, code) => {
  expect(codesIn('planted.ts', source)).toContain(code);
  expect(hasWords(code)).toBe(false);
});
