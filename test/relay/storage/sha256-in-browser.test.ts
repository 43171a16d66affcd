import { expect, test } from 'vitest';
import { Random } from '../../../client/random.ts';
import { digestOf, hashOfBytes, hashOfPieces } from '../../../relay/storage/sha256.ts';
import * as inBrowser from '../../../relay/storage/sha256-in-browser.ts';

test('the hashes of browsers are those of Node, over any number of parts', async () => {
  const random = Random.seeded(3);
  for (let i = 0; i < 50; i++) {
    const parts = Array.from({ length: random.below(4) }, () =>
      Uint8Array.from({ length: random.below(300) }, () => random.below(256)),
    );
    expect(inBrowser.hashOfBytes(...parts)).toBe(hashOfBytes(...parts));
    const pieces = async function* () {
      yield* parts;
    };
    expect(await inBrowser.hashOfPieces(pieces())).toBe(await hashOfPieces(pieces()));
    expect(inBrowser.digestOf(...parts)).toEqual(new Uint8Array(digestOf(...parts)));
  }
});
