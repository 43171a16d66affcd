/** How a kernel accesses a buffer; 'write' is read_write storage. */
export type BindingKind = 'uniform' | 'read' | 'write';

/** A binding of group 0 as the WGSL declares it. */
export interface BindingDeclaration {
  readonly binding: number;
  readonly kind: BindingKind;
  /** The type as written in the text: `array<Stored>`, or the name of a struct. */
  readonly type: string;
}

/** The bindings of an entry point by name, ordered by binding number. */
export type Bindings = Readonly<Record<string, BindingDeclaration>>;

/** The declarations of a WGSL text. */
export interface Reflection {
  /** The bindings that each entry point uses, directly or through the functions that it calls. */
  readonly entryPoints: Readonly<Record<string, Bindings>>;
  /** Override constants that are set when a kernel is compiled: those with a type. The others are computed from them. */
  readonly overrides: readonly string[];
  /** The fields of each struct, in order. */
  readonly structs: Readonly<Record<string, readonly StructField[]>>;
}

export interface StructField {
  readonly name: string;
  readonly type: string;
}

interface WgslFunction {
  readonly isEntryPoint: boolean;
  /** Identifiers that the function uses and does not declare. */
  readonly uses: ReadonlySet<string>;
}

const kinds: Readonly<Record<string, BindingKind>> = {
  uniform: 'uniform',
  'storage, read': 'read',
  'storage, read_write': 'write',
};

/** The declarations of one file. */
interface Scanned extends Pick<Reflection, 'overrides' | 'structs'> {
  readonly bindings: readonly (readonly [name: string, declaration: BindingDeclaration])[];
  readonly functions: ReadonlyMap<string, WgslFunction>;
}

/**
 * Reads the declarations of the files of a shader. This is not a full parser: it needs texts that compile and have the style of
 * these shaders; test/shaders/lint.test.ts compares its result with Dawn's. If a function declares a name itself, the function
 * is assumed not to use the binding with that name.
 */
export function reflect(texts: readonly string[]): Reflection {
  const files = texts.map(scanned);
  const bindings = files.flatMap((file) => file.bindings);
  bindings.sort(([, a], [, b]) => a.binding - b.binding);
  const functions = new Map(files.flatMap((file) => [...file.functions]));
  const entries = [...functions].filter(([, { isEntryPoint }]) => isEntryPoint);
  return {
    entryPoints: Object.fromEntries(
      entries.map(([entry]) => {
        const reached = reachedFrom(entry, functions);
        return [entry, Object.fromEntries(bindings.filter(([name]) => reached.has(name)))];
      }),
    ),
    overrides: files.flatMap((file) => file.overrides),
    structs: Object.assign({}, ...files.map((file) => file.structs)),
  };
}

/** Results by text: shaders share files, and start-up waits for this. */
const known = new Map<string, Scanned>();

function scanned(source: string): Scanned {
  const before = known.get(source);
  if (before !== undefined) return before;
  const text = source.replaceAll(/\/\/.*/g, '');
  const result = {
    bindings: bindingsOf(text),
    functions: functionsOf(text),
    overrides: Array.from(text.matchAll(/^override (\w+):/gm), ([, name = '']) => name),
    structs: structsOf(text),
  };
  known.set(source, result);
  return result;
}

function structsOf(text: string): Reflection['structs'] {
  const declared = Array.from(text.matchAll(/^struct (\w+) \{([^}]*)\}/gm), ([, name = '', fields = '']) => {
    const all = fields.matchAll(/(\w+): ([^,\n]+)/g);
    return [name, Array.from(all, ([, field = '', type = '']) => ({ name: field, type }))] as const;
  });
  return Object.fromEntries(declared);
}

function bindingsOf(text: string): [name: string, BindingDeclaration][] {
  const declared = text.matchAll(/^@group\(0\) @binding\((\d+)\) var<([^>]+)> (\w+): ([^;]+);/gm);
  return Array.from(declared, ([, binding, space = '', name = '', type = '']) => {
    const kind = kinds[space];
    if (kind === undefined) throw new Error(`${name} is bound as ${space}`);
    return [name, { binding: Number(binding), kind, type }];
  });
}

/** Matches the beginning of a function, with the attributes of an entry point. */
const beginnings = /^(?:(@compute)[^{]*?\n)?fn (\w+)\(/gm;

function functionsOf(text: string): Map<string, WgslFunction> {
  const functions = new Map<string, WgslFunction>();
  for (const match of text.matchAll(beginnings)) {
    const [beginning, compute, name = ''] = match;
    const head = match.index + beginning.length;
    // A function ends with the first brace at the beginning of a line.
    const [body, end] = [text.indexOf('{\n', head), text.indexOf('\n}', head)];
    const uses = namesIn(text.slice(body, end));
    for (const [, parameter = ''] of text.slice(head, body).matchAll(/(\w+):/g)) uses.delete(parameter);
    functions.set(name, { isEntryPoint: compute !== undefined, uses });
  }
  return functions;
}

/** Matches an identifier, with the dot before a member or the keyword before a declaration. */
const identifier = /(?:\.|\b(?:let|var|const) )?\b[A-Za-z_]\w*/g;

/** The identifiers in a function's body, without its own declarations and without members. */
function namesIn(body: string): Set<string> {
  const names = new Set<string>();
  const own: string[] = [];
  for (const found of body.match(identifier) ?? []) {
    const space = found.indexOf(' ');
    if (space > 0) own.push(found.slice(space + 1));
    else if (!found.startsWith('.')) names.add(found);
  }
  for (const name of own) names.delete(name);
  return names;
}

/** Every name that a function uses, directly or through the functions that it calls. */
function reachedFrom(entry: string, functions: ReadonlyMap<string, WgslFunction>): ReadonlySet<string> {
  const reached = new Set([entry]);
  // Iteration over a set also visits the names that are added meanwhile.
  for (const name of reached) for (const used of functions.get(name)?.uses ?? []) reached.add(used);
  return reached;
}
