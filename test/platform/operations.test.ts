import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';
import { expect, test } from 'vitest';
import type { Adapter } from '../../client/gpu/device.ts';
import { shaders } from '../../shaders/index.ts';
import { matrixUnitKinds } from '../../shaders/matrix-units/matrix-units.ts';
import { Draw } from './operations/draw.ts';
import { specifications } from './operations/index.ts';

const client = join(import.meta.dirname, '../../client');

test('every entry point of every shader belongs to an operation that is compared with the reference', () => {
  const held = specifications.flatMap(({ operation }) =>
    operation.variants.map(({ shader, entry }) => `${shader}.${entry}`),
  );
  const all = Object.entries(shaders).flatMap(([name, { entryPoints }]) =>
    Object.keys(entryPoints).map((entry) => `${name}.${entry}`),
  );
  expect(new Set(held)).toEqual(new Set(all));
});

test('every operation that the engine exports is compared with the reference', async () => {
  const held = new Set<unknown>(specifications.map(({ operation }) => operation));
  const names = specifications.map(({ operation }) => operation.name);
  expect(new Set(names).size).toBe(names.length);
  const missing: string[] = [];
  for (const file of globSync('{contribute,model,train}/**/*.ts', { cwd: client })) {
    const path = join(client, file);
    if (!readFileSync(path, 'utf8').includes('Operation<')) continue;
    const exported: Record<string, unknown> = await import(path);
    for (const [name, value] of Object.entries(exported)) {
      const isOperation = typeof value === 'object' && value !== null && 'variants' in value;
      if (isOperation && !held.has(value)) missing.push(`${file}: ${name}`);
    }
  }
  expect(missing).toEqual([]);
});

test('every variant has a case that it fits, on a processor of either subgroup width or on a graphics card', () => {
  const least: Adapter = {
    software: true,
    subgroupSize: 4,
    subgroupChoices: [],
    f16: false,
    matrixUnits: [],
    workgroupBytes: 49_152,
    workgroupInvocations: 1024,
    bufferBytes: 2 ** 28,
    bindingBytes: 2 ** 27,
  };
  const card = { ...least, software: false, f16: true };
  const cards = Object.values(matrixUnitKinds).map(({ lanes, ...unit }): Adapter => {
    return { ...card, subgroupSize: lanes, matrixUnits: [{ ...unit, result: 'f32' }] };
  });
  const adapters = [least, { ...least, subgroupSize: 8 }, ...cards];
  for (const { operation, storages, cases } of specifications) {
    const fitting = storages.flatMap((storage) =>
      cases(new Draw(1, storage)).flatMap(({ site }) =>
        adapters.flatMap((adapter) => site(adapter, storage).candidates.map(({ variant }) => variant)),
      ),
    );
    expect(new Set(fitting), operation.name).toEqual(new Set(operation.variants.map(({ name }) => name)));
  }
});
