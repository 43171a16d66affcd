import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bundle } from '../platform/bundle.ts';
import { readSources } from '../support/imports.ts';

const root = join(import.meta.dirname, '../..');

/** The text of an entry's built module. */
async function built(entry: string): Promise<string> {
  const { script, remove } = await bundle(join(import.meta.dirname, entry));
  try {
    return await readFile(script, 'utf8');
  } finally {
    await remove();
  }
}

/**
 * Names by which code could use the wire: each message and enum of the .proto by its full name and as its schema object is called, and
 * each field of several words as JavaScript spells it. Left out are fields whose name means the same in the model and in
 * training, such as `learningRate`: the names that those folders declare themselves.
 */
async function wireNames(): Promise<string[]> {
  const schema = await readFile(join(root, 'relay/wire/tapestry.proto'), 'utf8');
  const [, protocol] = /^package ([\w.]+);/m.exec(schema) ?? [];
  const types = [...schema.matchAll(/^(?:message|enum) (\w+)/gm)].map(([, name]) => name ?? '');
  const fields = [...schema.matchAll(/^\s+[\w. ]+ (\w+_\w+) = \d+/gm)].map(([, name = '']) =>
    name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
  );
  const training = [...readSources(root)]
    .filter(([file]) => /^client\/(?:gpu|model|train|data|runtime)/.test(file))
    .map(([, source]) => source)
    .join('\n');
  const ours = new Set(training.match(/\b\w+\b/g));
  return [...types.flatMap((name) => [`${name}Schema`, `${protocol}.${name}`]), ...new Set(fields)].filter(
    (name) => !ours.has(name) && /[a-z]/.test(name),
  );
}

test('a page that only trains holds no WebSocket and no name of the wire', async () => {
  const names = await wireNames();
  expect(names.length).toBeGreaterThan(30);
  const foundIn = (text: string) => names.filter((name) => new RegExp(`\\b${name}\\b`).test(text));
  const local = await built('local-entry.ts');
  expect(local.includes('createShaderModule')).toBe(true);
  expect(local.includes('WebSocket')).toBe(false);
  expect(foundIn(local)).toEqual([]);
  // The search does find these names in an entry that contributes.
  const networked = await built('networked-entry.ts');
  expect(networked.includes('WebSocket')).toBe(true);
  expect(foundIn(networked).length).toBeGreaterThan(20);
});
