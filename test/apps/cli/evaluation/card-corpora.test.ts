import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { corporaByCard } from '../../../../apps/cli/evaluation/card-corpora.ts';
import { type DataCard, encodeCard } from '../../../../client/data/cards/card.ts';
import { sha256Hex } from '../../../../client/sha256.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const none: ReadonlySet<string> = new Set();
const refuse = (problem: Error) => {
  throw problem;
};

/** Writes a text of many paragraphs, and gives its hash. */
function writeText(path: string, word: string): string {
  const text = Array.from({ length: 40 }, (_, i) => `A paragraph about ${word}, number ${i}.\n\n`).join('');
  writeFileSync(path, text);
  return sha256Hex(text);
}

function prepared() {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  mkdirSync(at('archive'));
  writeText(at('plain.txt'), 'weather');
  const own = writeText(at('letters.txt'), 'letters');
  const files = {
    'a.txt': writeText(at('archive/a.txt'), 'songs'),
    'b.txt': writeText(at('archive/b.txt'), 'songs'),
  };
  const write = (name: string, card: DataCard) => writeFileSync(at(name), encodeCard(card));
  write('letters.txt.card.yaml', { category: 'private', licence: 'mine', hash: own });
  write('archive/cards.yaml', { category: 'sovereign', licence: 'by the council', files });
  return { at, own, write };
}

test('the text of each data card is a corpus of its own, and that without a card is another', async () => {
  const { at } = prepared();
  const patterns = [at('plain.txt'), at('letters.txt'), at('archive')];
  const corpora = await corporaByCard(patterns, none, refuse);
  expect(corpora.map(({ name }) => name)).toEqual([
    patterns.join(', '),
    `private data of ${at('letters.txt.card.yaml')}`,
    `sovereign data of ${at('archive/cards.yaml')}`,
  ]);
  const lengths = corpora.map(({ train, heldOut }) => train.length + heldOut.length);
  expect(corpora.every(({ heldOut }) => heldOut.length > 100)).toBe(true);
  expect(lengths[2]).toBeGreaterThan(1.5 * (lengths[1] ?? 0));
  expect((await corporaByCard([at('plain.txt')], none, refuse)).map(({ name }) => name)).toEqual([
    at('plain.txt'),
  ]);
});

test('data that is revoked, changed, not listed or not let into builds is refused', async () => {
  const { at, own, write } = prepared();
  const codeOf = (name: string, revoked = none) => expect(corporaByCard([at(name)], revoked, refuse)).rejects;
  await codeOf('letters.txt', new Set([own])).toMatchObject({ code: 'card.revoked' });
  write('letters.txt.card.yaml', { category: 'open', licence: 'mine', uses: ['contribute'], hash: own });
  await codeOf('letters.txt').toMatchObject({ code: 'card.use' });
  write('letters.txt.card.yaml', { category: 'open', licence: 'mine', hash: '0'.repeat(64) });
  await codeOf('letters.txt').toMatchObject({ code: 'card.mismatch' });
  writeText(at('archive/new.txt'), 'news');
  await codeOf('archive').toMatchObject({ code: 'card.unlisted' });
  await codeOf('missing.txt').toMatchObject({ code: 'corpus.missing' });
});
