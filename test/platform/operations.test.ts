import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';
import { expect, test } from 'vitest';
import { type Shader, shaders } from '../../shaders/index.ts';
import { specifications } from './operations/index.ts';

const client = join(import.meta.dirname, '../../client');

test('every entry point of every shader belongs to an operation that is held to the reference', () => {
  const held = specifications.flatMap(({ operation }) =>
    operation.variants.map(({ shader, entry }) => `${shader}.${entry}`),
  );
  const all = Object.entries<Shader>(shaders).flatMap(([name, { entryPoints }]) =>
    Object.keys(entryPoints).map((entry) => `${name}.${entry}`),
  );
  expect(new Set(held)).toEqual(new Set(all));
});

test('every operation that the engine exports is held to the reference', async () => {
  const held = new Set<unknown>(specifications.map(({ operation }) => operation));
  const names = specifications.map(({ operation }) => operation.name);
  expect(new Set(names).size).toBe(names.length);
  const missing: string[] = [];
  for (const file of globSync('{model,train}/**/*.ts', { cwd: client })) {
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
