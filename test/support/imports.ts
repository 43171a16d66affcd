import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { globSync } from 'tinyglobby';
import { parseAst, Visitor } from 'vite';

/** Source texts by path from the repository's root. */
export type Sources = ReadonlyMap<string, string>;

/** For each file, the files of the repository that it imports, types included. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/** All code of the repository, except generated code. */
export function readSources(root: string): Sources {
  const files = globSync(
    ['{shaders,relay,client,apps,bench,test}/**/*.{ts,tsx,js,mjs}', '*.config.ts', '!**/*_pb.*'],
    { cwd: root },
  );
  return new Map(files.sort().map((file) => [file, readFileSync(join(root, file), 'utf8')]));
}

export function importsOf(sources: Sources): Imports {
  return new Map([...sources].map(([file, source]) => [file, importsIn(file, source)]));
}

/**
 * The relative imports of one file: `import` and `export from`, of values or types, `import()` as an expression or
 * a type, and `new URL('./file', import.meta.url)`, with or without a query such as `?worker`.
 */
export function importsIn(file: string, source: string): string[] {
  const found = new Set<string>();
  const add = (specifier: unknown) => {
    if (typeof specifier !== 'string') return;
    const [path] = /^\.{1,2}\/[^?#]*\.\w+/.exec(specifier) ?? [];
    if (path !== undefined) found.add(join(dirname(file), path));
  };
  const addLiteral = (node: { readonly type: string }) => {
    if ('value' in node) add(node.value);
  };
  const lang = file.endsWith('.tsx') ? 'tsx' : file.endsWith('.d.ts') ? 'dts' : 'ts';
  new Visitor({
    ImportDeclaration: ({ source }) => add(source.value),
    ExportAllDeclaration: ({ source }) => add(source.value),
    ExportNamedDeclaration: ({ source }) => add(source?.value),
    ImportExpression: ({ source }) => addLiteral(source),
    TSImportType: ({ source }) => add(source.value),
    NewExpression: ({ callee, arguments: [target, base] }) => {
      const ofModule = base?.type === 'MemberExpression' && base.object.type === 'MetaProperty';
      if (callee.type === 'Identifier' && callee.name === 'URL' && ofModule && target) addLiteral(target);
    },
  }).visit(parseAst(source, { lang }));
  return [...found];
}

/** The import cycles, one for each group of files that import each other. */
export function circlesIn(imports: Imports): string[][] {
  const circles: string[][] = [];
  const settled = new Set<string>();
  const path: string[] = [];
  const visit = (file: string) => {
    const at = path.indexOf(file);
    if (at >= 0) circles.push([...path.slice(at), file]);
    if (at >= 0 || settled.has(file)) return;
    path.push(file);
    for (const target of imports.get(file) ?? []) visit(target);
    path.pop();
    settled.add(file);
  };
  for (const file of imports.keys()) visit(file);
  return circles;
}

/** The shortest path by imports from a file for which `starts` is true to one for which `ends` is true, or null. */
export function wayBetween(
  imports: Imports,
  starts: (file: string) => boolean,
  ends: (file: string) => boolean,
): string[] | null {
  const ways = [...imports.keys()].filter(starts).map((file) => [file]);
  const seen = new Set(ways.flat());
  for (const way of ways) {
    for (const target of imports.get(way.at(-1) ?? '') ?? []) {
      if (ends(target)) return [...way, target];
      if (seen.has(target)) continue;
      seen.add(target);
      ways.push([...way, target]);
    }
  }
  return null;
}
