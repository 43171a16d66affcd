import { join } from 'node:path';
import { type ESTree, parseSync, Visitor } from 'vite';
import { expect, test } from 'vitest';
import { translatedProblems } from '../../../../apps/ui/words/problems.ts';
import { readSources } from '../../../support/imports.ts';

const scripts = /^apps\/(?:ui\/(?!words\/)|contribute\/|dashboard\/|audit\/|studio\/).*\.tsx?$/;
const pages = /^apps\/(?:ui|contribute|dashboard|audit|studio)\/.*\.tsx$/;

/** The attributes that people read or hear. */
const spoken = new Set([
  'alt',
  'aria-description',
  'aria-label',
  'aria-placeholder',
  'aria-roledescription',
  'aria-valuetext',
  'label',
  'placeholder',
  'title',
]);

/** Commands and names of files are the same in every language. */
const untranslated = new Set(['code']);

const hasWords = (text: string) => /\p{L}{2}/u.test(text);

/** The texts that an expression gives: its own, and those of the branches that it chooses between. */
function literals(node: ESTree.Expression | ESTree.JSXEmptyExpression): string[] {
  switch (node.type) {
    case 'Literal':
      return typeof node.value === 'string' ? [node.value] : [];
    case 'TemplateLiteral':
      return [...node.quasis.map(({ value }) => value.raw), ...node.expressions.flatMap(literals)];
    case 'ConditionalExpression':
      return [...literals(node.consequent), ...literals(node.alternate)];
    case 'LogicalExpression':
      return [...literals(node.left), ...literals(node.right)];
    case 'ParenthesizedExpression':
      return literals(node.expression);
    case 'BinaryExpression':
      return node.operator === '+' ? [...literals(node.left), ...literals(node.right)] : [];
    default:
      return [];
  }
}

/** The words in a component's source that a page would show and that do not come from the catalogue. */
function strayWords(file: string, source: string): string[] {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new SyntaxError(`${file}: ${errors[0]?.message}`);
  const found: string[] = [];
  const note = (texts: readonly string[]) =>
    found.push(...texts.filter(hasWords).map((text) => `${file}: ${text.trim()}`));
  new Visitor({
    JSXElement({ openingElement, children }) {
      const { name } = openingElement;
      if (name.type === 'JSXIdentifier' && untranslated.has(name.name)) return;
      for (const child of children) {
        if (child.type === 'JSXText') note([child.value]);
        if (child.type === 'JSXExpressionContainer') note(literals(child.expression));
      }
    },
    JSXFragment({ children }) {
      for (const child of children) {
        if (child.type === 'JSXText') note([child.value]);
        if (child.type === 'JSXExpressionContainer') note(literals(child.expression));
      }
    },
    JSXAttribute({ name, value }) {
      if (name.type !== 'JSXIdentifier' || !spoken.has(name.name) || value === null) return;
      if (value.type === 'Literal') note(literals(value));
      if (value.type === 'JSXExpressionContainer') note(literals(value.expression));
    },
  }).visit(program);
  return found;
}

const all = [...readSources(join(import.meta.dirname, '../../../..'))];
const sources = all.filter(([file]) => pages.test(file));

test('no component says a word that is not in the catalogue', () => {
  expect(sources.length).toBeGreaterThan(50);
  expect(sources.flatMap(([file, source]) => strayWords(file, source))).toEqual([]);
});

test.each([
  ['<p>Press Start</p>', 'Press Start'],
  ['<>Press Start</>', 'Press Start'],
  ["<p>{'Press Start'}</p>", 'Press Start'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the source of a component
  ['<p>{`${count} nodes`}</p>', 'nodes'],
  ["<p>{busy ? words.busy : 'Ready'}</p>", 'Ready'],
  ["<p>{busy && 'Busy'}</p>", 'Busy'],
  ['<button aria-label="Close" />', 'Close'],
  ["<input placeholder={'Your ' + 'name'} />", 'Your'],
])('a word outside the catalogue is found: %s', (jsx, word) => {
  expect(strayWords('planted.tsx', `const planted = ${jsx};`).join()).toContain(word);
});

test.each([
  '<code>tapestry verify</code>',
  '<p class="help">{words.help} · 7</p>',
  "<p>{format('x', 'ab')}</p>",
])('what needs no translation is left alone: %s', (jsx) =>
  expect(strayWords('planted.tsx', `const planted = ${jsx};`)).toEqual([]),
);

/** How errors of the client name what they are about, beside the names of files. */
const namesInErrors = new Set(['The choice of files', 'The recipe']);

/** Has two words side by side, and begins as a sentence does or with a value. Classes, keys and media begin with small letters. */
const isSentence = (text: string) =>
  /^(?:\p{P}*\p{Lu}|… )/u.test(text) && /\p{L}{2}\p{P}?\s+\p{L}{2}/u.test(text) && !namesInErrors.has(text);

/** The codes of the errors that pages raise themselves. Others belong to the client, and to the relay. */
const isOfPages = (code: string) => /^(?:page|studio|audit)\./.test(code);

interface Found {
  /** Sentences that are neither in the catalogue nor the English of an error. */
  readonly sentences: string[];
  /** The codes of the errors that pages raise themselves. */
  readonly codes: string[];
}

/** What a script says. An error's English is shown beside its translation, which its code finds. */
function saidBy(file: string, source: string): Found {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new SyntaxError(`${file}: ${errors[0]?.message}`);
  const texts: { readonly start: number; readonly text: string }[] = [];
  const ofErrors: { readonly start: number; readonly end: number }[] = [];
  const codes: string[] = [];
  const note = (code: ESTree.Node | undefined) => {
    if (code?.type === 'Literal' && typeof code.value === 'string' && isOfPages(code.value))
      codes.push(code.value);
  };
  new Visitor({
    Literal({ start, value }) {
      if (typeof value === 'string') texts.push({ start, text: value });
    },
    TemplateLiteral({ start, quasis }) {
      texts.push({ start, text: quasis.map(({ value }) => value.raw).join('…') });
    },
    NewExpression({ callee, arguments: values, start, end }) {
      if (callee.type !== 'Identifier' || !/(?:Error|Exception)$/.test(callee.name)) return;
      ofErrors.push({ start, end });
      note(values[0]);
    },
    ObjectExpression({ properties, start, end }) {
      const named = new Map(
        properties.flatMap((property) =>
          property.type === 'Property' && property.key.type === 'Identifier'
            ? [[property.key.name, property.value] as const]
            : [],
        ),
      );
      if (named.get('code')?.type !== 'Literal' || !named.has('next')) return;
      ofErrors.push({ start, end });
      note(named.get('code'));
    },
  }).visit(program);
  const stray = texts.filter(
    (text) =>
      isSentence(text.text) && !ofErrors.some(({ start, end }) => text.start > start && text.start < end),
  );
  return { sentences: stray.map(({ text }) => `${file}: ${text}`), codes };
}

test('no script says a sentence that is not in the catalogue, and the errors of pages are translated', () => {
  const found = all.filter(([file]) => scripts.test(file)).map(([file, source]) => saidBy(file, source));
  expect(found.length).toBeGreaterThan(150);
  expect(found.flatMap(({ sentences }) => sentences)).toEqual([]);
  const codes = new Set(found.flatMap(({ codes }) => codes));
  expect([...codes].sort()).toEqual(translatedProblems.filter(isOfPages));
});

test.each([
  ["const told = 'Reload the page.';", ['planted.ts: Reload the page.'], []],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the source of a script
  ['const told = `${count} nodes are here.`;', ['planted.ts: … nodes are here.'], []],
  ["throw new TapestryError('page.new', 'It broke.', 'Reload the page.');", [], ['page.new']],
  ["show({ code: 'studio.new', message, next: 'Reload the page.' });", [], ['studio.new']],
  ["show({ message, next: 'Reload the page.' });", ['planted.ts: Reload the page.'], []],
  ["const look = 'button quiet';", [], []],
])('what a script says is found: %s', (source, sentences, codes) =>
  expect(saidBy('planted.ts', source)).toEqual({ sentences, codes }),
);
