import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { circlesIn, type Imports, importsIn, importsOf, readSources, wayBetween } from './support/imports.ts';

const ground = ['closest-name', 'errors', 'mean', 'random', 'retry-delay', 'sha256'].map(
  (name) => `client/${name}.ts`,
);
const leaves = [...ground, 'shaders/', 'client/runtime.ts', 'client/identity.ts', 'client/formats/'];
const model = [...leaves, 'client/gpu/', 'client/model/', 'client/data/'];
const training = [...model, 'client/train/'];
const border = 'relay/wire/';
/** The reader of what a relay sends. It holds no connection of its own. */
const reader = ['client/relay-http.ts', 'client/clock.ts'];
const networks = ['browser', 'node', 'deno'].map((host) => `client/host/${host}/network.ts`);

/** The imports that a file may have besides those of its own folder. The first prefix that fits it counts. */
const allowed: readonly (readonly [string, readonly string[]])[] = [
  ['client/closest-name.ts', []],
  ['client/errors.ts', []],
  ['client/mean.ts', []],
  ['client/random.ts', []],
  ['client/retry-delay.ts', []],
  ['client/sha256.ts', []],
  ['client/runtime.ts', []],
  ['client/identity.ts', ['client/errors.ts', 'client/runtime.ts']],
  ['client/clock.ts', ['client/runtime.ts']],
  ['client/relay-http.ts', ['client/runtime.ts']],
  ['shaders/', []],
  ['client/formats/', ground],
  ['client/gpu/', leaves],
  ['client/model/', model],
  ['client/data/', leaves],
  ['client/train/', model],
  ['client/contribute/', [...training, border, ...reader]],
  ['client/derive/', training],
  ...networks.map((file): [string, string[]] => [file, ['client/', border]]),
  ['client/host/', [...training, ...reader, 'client/contribute/network.ts']],
  [border, []],
  ['relay/', [...ground, ...reader, 'client/formats/', border]],
  ['apps/cli/', ['client/', 'relay/', 'shaders/', 'apps/warning/', 'apps/evaluator/']],
  // Scores contributions in a terminal and in a tab: it replays the journal and measures bases.
  ['apps/evaluator/', ['client/', 'relay/']],
  // The relay's command hands this page to the relay, which has no words of its own.
  [
    'apps/warning/',
    [
      'apps/ui/words/',
      'apps/ui/base.css',
      'apps/ui/favicon.svg',
      'relay/server/plain/plain-server.ts',
      border,
    ],
  ],
  ['apps/contribute/', ['client/', 'apps/ui/', 'apps/evaluator/', border]],
  // The audit page runs the verifier, as `tapestry verify` does.
  [
    'apps/audit/',
    [
      ...[...ground, 'apps/ui/', 'relay/journal/', 'relay/verify/', border],
      ...['client/host/browser/identity.ts', 'apps/cli/version.ts'],
    ],
  ],
  ['apps/dashboard/', [...ground, 'apps/ui/', border]],
  ['apps/studio/', [...training, 'client/derive/', 'client/host/', 'apps/ui/', 'apps/cli/version.ts']],
  ['apps/ui/', [...ground, border]],
  ['apps/setup/', []],
  ['bench/', ['shaders/', 'client/', 'relay/', 'apps/']],
  ['test/', ['shaders/', 'client/', 'relay/', 'apps/', 'bench/']],
  ['vite.config.ts', ['client/data/udhr/plugin.ts', 'apps/ui/offline/stored-files.ts']],
  ['vitest.config.ts', ['client/data/udhr/plugin.ts', 'test/support/slowest-first.ts']],
];

/** Folders from which no chain of imports may lead to the border or to a network. */
const sealed = ['client/derive/', 'client/train/', 'apps/studio/', 'client/host/browser/runtime.ts'];

const linesMost = 350;
const filesMost = 15;

/** Each import that the table does not allow, and each chain from a sealed folder to the border. */
function crossings(imports: Imports): string[] {
  const found: string[] = [];
  for (const [file, targets] of imports) {
    const [own, others] = allowed.find(([prefix]) => file.startsWith(prefix)) ?? [file, []];
    for (const target of targets) {
      if (![own, ...others].some((prefix) => target.startsWith(prefix)))
        found.push(`${file} imports ${target}`);
    }
  }
  for (const folder of sealed) {
    const forbidden = (file: string) =>
      file.startsWith(border) ||
      file === 'client/relay-http.ts' ||
      networks.includes(file) ||
      file.startsWith('client/contribute/');
    const way = wayBetween(imports, (file) => file.startsWith(folder), forbidden);
    if (way !== null) found.push(`${folder} reaches the border: ${way.join(' -> ')}`);
  }
  return found;
}

const sources = readSources(join(import.meta.dirname, '..'));
const imports = importsOf(sources);

/** The repository's imports with those of one more file, or of one file changed. */
function planted(file: string, source: string): Imports {
  return new Map([...imports, [file, importsIn(file, source)]]);
}

test('imports fall from apps to the ground, and only the border knows the wire', () => {
  expect(crossings(imports)).toEqual([]);
});

test('no file imports itself through others', () => {
  expect(circlesIn(imports)).toEqual([]);
});

test('files and folders stay small enough to read', () => {
  const long = [...sources].filter(([, source]) => source.split('\n').length - 1 > linesMost);
  expect(long.map(([file]) => file)).toEqual([]);
  const folders = Map.groupBy(sources.keys(), (file) => dirname(file));
  const crowded = [...folders].filter(([, files]) => files.length > filesMost);
  expect(crowded.map(([folder, files]) => `${folder}: ${files.length}`)).toEqual([]);
});

test.each([
  ['client/derive/adapter.ts', `import { toHex } from '../../relay/wire/hex.ts';`],
  ['client/derive/adapter.ts', `import type { Draft } from '../../relay/wire/frames.ts';`],
  ['client/derive/adapter.ts', `export * from '../contribute/network.ts';`],
  ['client/contribute/planted.ts', `export { merge } from '../derive/adapter.ts';`],
  ['apps/studio/main.tsx', `const { Contributor } = await import('../../client/contribute/contributor.ts');`],
  ['apps/studio/main.tsx', `import { openStatusFeed } from '../ui/status-feed.ts';`],
  ['apps/studio/main.tsx', `new Worker(new URL('../contribute/worker/worker.ts', import.meta.url));`],
  ['apps/studio/main.tsx', `import Work from '../contribute/worker/worker.ts?worker';`],
  ['relay/run/planted.ts', `import { evaluate } from '../../client/train/evaluate.ts';`],
  ['relay/wire/planted.ts', `type Run = import('../run/run.ts').Run;`],
  ['client/train/loop/planted.ts', `import { browserNetwork } from '../../host/browser/network.ts';`],
  ['client/host/disk.ts', `import { toHex } from '../../relay/wire/hex.ts';`],
  ['bench/planted.ts', `import { seeded } from '../test/support/seed.ts';`],
])('a planted import is found: %s, %s', (file, source) => {
  const before = new Set(crossings(imports));
  const found = crossings(planted(file, source)).filter((crossing) => !before.has(crossing));
  expect(found.length).toBeGreaterThan(0);
  expect(found.join()).toContain(file);
});

test('a planted circle is found, through a type alone as well', () => {
  const around = planted('client/random.ts', `import type { Sampler } from './data/sampler.ts';`);
  expect(circlesIn(around).flat()).toContain('client/random.ts');
});
