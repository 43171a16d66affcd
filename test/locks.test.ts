import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Imports, importsIn, importsOf, readSources, wayBetween } from './support/imports.ts';

const imports = importsOf(readSources(join(import.meta.dirname, '..')));

/** Files of the uplink: all that contributes, and every connection. */
const isUplink = (file: string) =>
  file.startsWith('client/contribute/') || /^client\/host\/\w+\/network\.ts$/.test(file);
const isDerivative = (file: string) => file.startsWith('client/derive/');

const starting =
  (...folders: string[]) =>
  (file: string) =>
    folders.some((folder) => file.startsWith(folder));

/** Programs that make or use derivatives, and programs that contribute. */
const deriving = starting(
  'client/derive/',
  'apps/studio/',
  'apps/cli/build/',
  'apps/cli/merge/',
  'apps/cli/model/',
  'apps/cli/chat/',
  'apps/cli/constitution/',
  'apps/cli/commands/constitution/',
  'apps/cli/commands/model/chat.ts',
  'apps/cli/commands/model/generate.ts',
  'apps/cli/studio/',
  ...['build', 'merge', 'import', 'export', 'preview'].map((name) => `apps/cli/commands/${name}.ts`),
);
const contributing = starting(
  'client/contribute/',
  'apps/contribute/',
  'apps/cli/join-main.ts',
  'apps/cli/commands/join.ts',
);

function between(all: Imports): { readonly out: string[] | null; readonly back: string[] | null } {
  return { out: wayBetween(all, deriving, isUplink), back: wayBetween(all, contributing, isDerivative) };
}

test('no chain of imports leads from derivatives to the uplink, or from the uplink to derivatives', () => {
  expect(between(imports)).toEqual({ out: null, back: null });
});

test.each([
  ['apps/cli/build/planted.ts', `import { Contributor } from '../../../client/contribute/contributor.ts';`],
  ['client/derive/planted.ts', `import { nodeNetwork } from '../host/node/network.ts';`],
  ['client/contribute/planted.ts', `import type { BuildInputs } from '../derive/inputs.ts';`],
  ['apps/contribute/planted.ts', `export { signLineage } from '../../client/derive/lineage.ts';`],
])('a planted way is found: %s, %s', (file, source) => {
  const { out, back } = between(new Map([...imports, [file, importsIn(file, source)]]));
  expect((out ?? back)?.[0]).toBe(file);
});

/** The files of the product that import one of this name. */
const importersOf = (name: string) =>
  [...imports]
    .filter(
      ([file, targets]) =>
        /^(apps|client|relay)\//.test(file) && targets.some((target) => target.endsWith(`/${name}`)),
    )
    .map(([file]) => file)
    .sort();

test('only the training of a base and its encoding know how a delta is made', () => {
  expect(importersOf('base-delta.ts')).toEqual([
    // What a relay's own nodes trained, for the relay above it.
    'apps/cli/run/upstream/upstream-work.ts',
    'client/contribute/encoding/delta-encoder.ts',
    'client/contribute/encoding/delta-program.ts',
    'client/contribute/encoding/residual.ts',
    'client/contribute/round/error-feedback.ts',
  ]);
});

test('only the training of a base has its delta encoded on a device', () => {
  expect(importersOf('delta-program.ts')).toEqual(['client/contribute/encoding/delta-encoder.ts']);
  // Local training knows only the type of what it leaves on the device, and the prediction of memory encodes nothing.
  expect(importersOf('delta-encoder.ts')).toEqual([
    'client/contribute/encoding/residual.ts',
    'client/contribute/memory.ts',
    'client/contribute/round/local-training.ts',
    'client/contribute/round/round-work.ts',
  ]);
});
