import { statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { TapestryError } from '../../../client/errors.ts';
import { nodeFiles } from '../../../relay/storage/files.ts';
import { keyFile, openRelayKey, parseRelayKey } from '../../../relay/storage/relay-key.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import { sign, verifySignature } from '../../../relay/wire/signatures.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const message = new TextEncoder().encode('a receipt');

test('a key is made once, read by its owner only, and signs', async () => {
  const folder = temporaryFolder();
  await expect(openRelayKey(nodeFiles, folder, { make: false })).rejects.toMatchObject({
    code: 'key.damaged',
  });
  const made = await openRelayKey(nodeFiles, folder, { make: true });
  const again = await openRelayKey(nodeFiles, folder, { make: true });
  expect(toHex(again.public)).toBe(toHex(made.public));
  expect(statSync(`${folder}/${keyFile}`).mode & 0o777).toBe(0o600);
  expect(await verifySignature(made.public, message, await sign(again.signing, message))).toBe(true);
});

test('a file with any byte changed is refused or holds another key', async () => {
  const folder = temporaryFolder();
  const { public: original } = await openRelayKey(nodeFiles, folder, { make: true });
  const bytes = await nodeFiles.read(`${folder}/${keyFile}`);
  if (bytes === null) throw new Error('no key');
  for (let at = 0; at < bytes.length; at++) {
    for (const mask of [1, 0x20, 0x80]) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ mask;
      const read = await parseRelayKey(changed).catch((error: unknown) => error);
      if (read instanceof TapestryError) expect(read.code).toBe('key.damaged');
      else expect(read).not.toMatchObject({ public: original });
    }
  }
});
