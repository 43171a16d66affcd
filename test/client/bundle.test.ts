import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bundle } from '../platform/bundle.ts';
import { connections, derivativeSources, wireNames } from '../support/locks/wire-names.ts';

/** The text of an entry's built module. */
async function built(entry: string): Promise<string> {
  const { script, remove } = await bundle(join(import.meta.dirname, entry));
  try {
    return await readFile(script, 'utf8');
  } finally {
    await remove();
  }
}

test('pages that only train or only make derivatives hold no WebSocket and no name of the wire', async () => {
  const training = /^client\/(?:gpu|model|train|data|formats\/decoder\/rope-scaling|runtime)/;
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
  expect(connections.exec(derive)).toBeNull();
  const ofDerivatives = await wireNames(derivativeSources);
  expect(ofDerivatives.length).toBeGreaterThan(30);
  expect(foundIn(derive, ofDerivatives)).toEqual([]);
  // The search does find these names in an entry that contributes.
  const networked = await built('networked-entry.ts');
  expect(networked.includes('WebSocket')).toBe(true);
  expect(foundIn(networked).length).toBeGreaterThan(20);
});
