import * as v from 'valibot';
import { type Document, isMap, isScalar, LineCounter, type Pair, parseDocument } from 'yaml';
import { closestName } from '../../closest-name.ts';
import { printable, TapestryError } from '../../errors.ts';

/** A recipe's file has at most this many bytes. */
export const maxRecipeBytes = 2 ** 20;

/** Faults that one error names. */
const toldFaults = 10;

/** What a file of YAML may hold. */
export interface RecipeForm<Keys> {
  /** The first word of the errors' codes. */
  readonly subject: 'recipe' | 'constitution' | 'protected' | 'survey';
  readonly schema: v.BaseSchema<unknown, Keys, v.BaseIssue<unknown>>;
  /** All keys, for suggestions. */
  readonly knownKeys: readonly string[];
  /** Keys of other tools at the top that change nothing here. */
  readonly ignoredKeys: ReadonlySet<string>;
  /** What a person does about a fault. */
  readonly next: string;
}

/** A place in the file: keys and indices from the top. */
export type KeyPath = readonly (string | number)[];

/** A key of another tool that changes nothing here. */
export interface IgnoredKey {
  readonly key: string;
  readonly line: number;
}

export interface ReadKeys<Keys> {
  readonly keys: Keys;
  /** In the order of the file. */
  readonly ignored: readonly IgnoredKey[];
  /** The line of the innermost part of the path that the file has. */
  readonly lineOf: (path: KeyPath) => number;
  /** The error for what is wrong with the value at a path, whose line it names. */
  readonly refuse: (path: KeyPath, what: string) => TapestryError;
}

/**
 * Reads the keys of a recipe from YAML, after `change` has changed the document. `name` is the file's, for messages. Throws
 * `recipe.yaml` for text that is no YAML, and `recipe.invalid`, which names each fault with its line; the first word of both is
 * the form's subject.
 */
export function readKeys<Keys>(
  text: string,
  name: string,
  { subject, schema, knownKeys, ignoredKeys, next }: RecipeForm<Keys>,
  change: (document: Document) => void = () => undefined,
): ReadKeys<Keys> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, stringKeys: true, prettyErrors: false });
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const broken = document.errors.map(({ pos, message }) => ({ line: lineAt(pos[0]), what: message }));
  if (broken.length > 0)
    throw refusal(`${subject}.yaml`, name, broken, 'Correct the YAML; keys are indented by spaces.');

  const ignored: IgnoredKey[] = [];
  const { contents } = document;
  if (contents !== null && !isMap(contents))
    throw refusal(
      `${subject}.invalid`,
      name,
      [{ line: 1, what: 'it must be a mapping of keys to values' }],
      next,
    );
  if (contents !== null)
    contents.items = contents.items.filter((pair) => {
      const key = keyOf(pair);
      if (!ignoredKeys.has(key)) return true;
      ignored.push({ key, line: lineOf(pair.key) });
      return false;
    });

  function lineOf(node: unknown): number {
    const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : null;
    return Array.isArray(range) && typeof range[0] === 'number' ? lineAt(range[0]) : 1;
  }

  /** The line of the innermost part of the path that the file has: of a key where the path ends with one. */
  function lineOfPath(path: KeyPath): number {
    for (let length = path.length; length > 0; length--) {
      const parent = length === 1 ? contents : document.getIn(path.slice(0, length - 1), true);
      const key = path[length - 1];
      if (isMap(parent)) {
        const pair = parent.items.find((each) => keyOf(each) === key);
        if (pair !== undefined) return lineOf(pair.key);
      }
      const node = document.getIn(path.slice(0, length), true);
      if (node !== undefined) return lineOf(node);
    }
    return lineOf(contents);
  }

  change(document);
  const parsed = v.safeParse(schema, plainValue(document, subject, name));
  if (parsed.success) {
    const refuse = (path: KeyPath, what: string) =>
      refusal(`${subject}.invalid`, name, [{ line: lineOfPath(path), what }], next);
    return { keys: parsed.output, ignored, lineOf: lineOfPath, refuse };
  }
  const faults = parsed.issues.map((issue) => {
    const path = pathOf(issue);
    return { line: lineOfPath(path), what: describe(issue, path, knownKeys) };
  });
  throw refusal(`${subject}.invalid`, name, faults, next);
}

/** The document as plain values. Throws if aliases multiply without bound. */
function plainValue(
  document: ReturnType<typeof parseDocument>,
  subject: RecipeForm<unknown>['subject'],
  name: string,
): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw refusal(
      `${subject}.yaml`,
      name,
      [{ line: 1, what }],
      'Write the values out instead of by aliases.',
    );
  }
}

function keyOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function pathOf(issue: v.BaseIssue<unknown>): (string | number)[] {
  return (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));
}

function describe(issue: v.BaseIssue<unknown>, path: KeyPath, knownKeys: readonly string[]): string {
  const place = path.map((part) => printable(String(part))).join('.');
  const key = String(path.at(-1) ?? '');
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const close = closestName(key, knownKeys);
    return `${place} is no known key${close === null ? '' : `; is it ${close}?`}`;
  }
  if (issue.type === 'strict_object' && issue.received === 'undefined') return `${place} is missing`;
  return `${place} ${issue.message}`;
}

function refusal(
  code: string,
  name: string,
  faults: readonly { readonly line: number; readonly what: string }[],
  action: string,
): TapestryError {
  const sorted = faults.toSorted((a, b) => a.line - b.line);
  const told = sorted.slice(0, toldFaults).map(({ line, what }) => `line ${line}: ${what}`);
  if (sorted.length > told.length) told.push(`and ${sorted.length - told.length} more`);
  return new TapestryError(code, `${printable(name)} cannot be used:\n  ${told.join('\n  ')}`, action);
}
