import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSources } from './support/imports.ts';

/** Functions with which a program changes files, by the module that they come from. */
const changing: readonly (readonly [RegExp, readonly string[]])[] = [
  [
    /^node:fs(\/promises)?$/,
    [
      ...[
        'appendFile',
        'copyFile',
        'cp',
        'createWriteStream',
        'link',
        'mkdtemp',
        'open',
        'rename',
        'rm',
        'rmdir',
      ],
      ...['symlink', 'truncate', 'unlink', 'writeFile'].flatMap((name) => [name, `${name}Sync`]),
      ...['cpSync', 'copyFileSync', 'openSync', 'renameSync', 'rmSync', 'rmdirSync'],
    ],
  ],
  [/^node:sqlite$/, ['DatabaseSync']],
  [/^idb-keyval$/, ['set', 'del', 'update', 'clear']],
];

/** Every file that can change or remove files, and what keeps it from those of a person or of another program. */
const writers: Readonly<Record<string, string>> = {
  'apps/cli/build/output-folder.ts': 'a new folder, marked with tapestry-build.json; the state by its name',
  'apps/cli/demo/folder.ts':
    'a folder marked with demo.json; nothing while it holds other files (demo/folder.test.ts)',
  'apps/cli/exit/write-exit.ts': 'a temporary folder of its own; reads a journal',
  'apps/cli/model/base-folder.ts': 'files whose hashes tapestry-base.json lists (model-folder.test.ts)',
  'apps/cli/files/new-file.ts': 'new files only (new-file.test.ts)',
  'apps/setup/lock.mjs': 'dist/setup.lock of this project',
  'apps/setup/remembered.mjs': 'dist/setup.json of this project',
  'apps/ui/files/saving.ts': 'a folder that the person chooses, which the browser asks about',
  'client/host/browser/identity.ts': 'one key of its own name in IndexedDB (real-relay.test.ts)',
  'client/host/browser/origin-folder.ts':
    'the folders of the origin that its users name: tapestry/ (real-relay.test.ts), tapestry-studio/',
  'client/host/disk.ts':
    'names that hold the run’s id, identity.json, which is never replaced (disk.test.ts), a marked build, and the rows and signatures of a constitution, which are kept (constitution/pipeline.test.ts)',
  'client/host/regular-file.ts': 'reads only',
  'relay/journal/sqlite-log.ts': 'a database with the mark of a journal (event-log.test.ts)',
  'relay/storage/files.ts':
    'names of the run’s folder: blobs by hash and shelf (blob-store.test.ts), uploads, relay.key, TLS files with a mark (tls.test.ts); data-journal.jsonl, which only grows (cards.test.ts); metrics.jsonl and summary.json (metrics-file.test.ts)',
  'relay/verify/folder-source.ts': 'reads only',
  'relay/verify/journal-reader.ts': 'reads only',
};

/** The names that a source imports from a module that `changing` has, if it has them. */
function changesIn(source: string): string[] {
  const found: string[] = [];
  for (const [, names = '', module = ''] of source.matchAll(/import\s*\{([^}]*)\}\s*from\s*'([^']+)'/g)) {
    const [, functions = []] = changing.find(([pattern]) => pattern.test(module)) ?? [];
    const imported = names.split(',').map((name) => name.trim().split(' as ')[0] ?? '');
    found.push(...imported.filter((name) => functions.includes(name)));
  }
  // Whole modules hide what is used of them, and the browser's files need no import.
  if (/import\s+(\* as )?\w+\s+from\s*'(node:)?fs|require\('(node:)?fs|import\('(node:)?fs/.test(source))
    found.push('fs');
  if (/\.(createWritable|removeEntry|createSyncAccessHandle)\(/.test(source)) found.push('browser files');
  return found;
}

test('every file that changes or removes files is listed with what it may not touch', () => {
  const sources = readSources(join(import.meta.dirname, '..'));
  const shipped = [...sources].filter(([file]) => /^(apps|client|relay)\//.test(file));
  const found = shipped.filter(([, source]) => changesIn(source).length > 0).map(([file]) => file);
  expect(found.sort()).toEqual(Object.keys(writers).sort());
});

test.each([
  `import { readFile, rm } from 'node:fs/promises';`,
  `import {\n  writeFileSync as put,\n} from 'node:fs';`,
  `import * as fs from 'node:fs';`,
  `const { rm } = await import('node:fs/promises');`,
  `await root.removeEntry('x');`,
])('a planted writer is found: %s', (source) => {
  expect(changesIn(source).length).toBeGreaterThan(0);
  expect(changesIn(`import { readFile, stat } from 'node:fs/promises';`)).toEqual([]);
});
