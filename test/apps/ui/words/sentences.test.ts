import { join } from 'node:path';
import { type ESTree, parseSync, Visitor } from 'vite';
import { expect, test } from 'vitest';
import { readSources } from '../../../support/imports.ts';

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

const sources = [...readSources(join(import.meta.dirname, '../../../..'))].filter(([file]) =>
  pages.test(file),
);

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
