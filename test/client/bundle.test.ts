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
async function wireNames(folders: RegExp): Promise<string[]> {
  const schema = await readFile(join(root, 'relay/wire/tapestry.proto'), 'utf8');
  const [, protocol] = /^package ([\w.]+);/m.exec(schema) ?? [];
  const types = [...schema.matchAll(/^(?:message|enum) (\w+)/gm)].map(([, name]) => name ?? '');
  const fields = [...schema.matchAll(/^\s+[\w. ]+ (\w+_\w+) = \d+/gm)].map(([, name = '']) =>
    name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
  );
  const training = [...readSources(root)]
    .filter(([file]) => folders.test(file))
    .map(([, source]) => source)
    .join('\n');
  const ours = new Set(training.match(/\b\w+\b/g));
  return [...types.flatMap((name) => [`${name}Schema`, `${protocol}.${name}`]), ...new Set(fields)].filter(
    (name) => !ours.has(name) && /[a-z]/.test(name),
  );
}

test('pages that only train or only make derivatives hold no WebSocket and no name of the wire', async () => {
  const training = /^client\/(?:gpu|model|train|data|formats\/rope-scaling|runtime)/;
  const names = await wireNames(training);
  expect(names.length).toBeGreaterThan(30);
  const foundIn = (text: string, among = names) =>
    among.filter((name) => new RegExp(`\\b${name}\\b`).test(text));
  const local = await built('local-entry.ts');
  expect(local.includes('createShaderModule')).toBe(true);
  expect(local.includes('WebSocket')).toBe(false);
  expect(foundIn(local)).toEqual([]);
  // Nor does anything that makes derivatives.
  const derive = await built('derive-entry.ts');
  expect(derive.includes('tapestry lineage')).toBe(true);
  expect(
    /\b(WebSocket|WebTransport|EventSource|RTCPeerConnection|sendBeacon|XMLHttpRequest)\b/.exec(derive),
  ).toBeNull();
  const ofDerivatives = await wireNames(/^client\/(?:gpu|model|train|data|runtime|derive|formats|identity)/);
  expect(ofDerivatives.length).toBeGreaterThan(30);
  expect(foundIn(derive, ofDerivatives)).toEqual([]);
  // The search does find these names in an entry that contributes.
  const networked = await built('networked-entry.ts');
  expect(networked.includes('WebSocket')).toBe(true);
  expect(foundIn(networked).length).toBeGreaterThan(20);
});
