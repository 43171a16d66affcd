import { createHash, createPrivateKey, sign as nodeSign } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  checkpointNote,
  checkpointText,
  keyId,
  maxCheckpointBytes,
  openCheckpoint,
  signCheckpoint,
} from '../../../relay/wire/checkpoint.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import { sign } from '../../../relay/wire/signatures.ts';

const run = new Uint8Array(32).fill(0xab);
const head = { size: 12, root: new Uint8Array(32).fill(7) };
const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
const signer = { run, publicKey };
const note = checkpointNote(signer, head, await signCheckpoint(pair.privateKey, run, head));
const bytesOf = (text: string) => new TextEncoder().encode(text);
const open = (text: string) => openCheckpoint(bytesOf(text), signer);

test('a checkpoint has the form that C2SP specifies', async () => {
  const origin = `tapestry/${'ab'.repeat(32)}`;
  const lines = note.split('\n');
  expect(lines.slice(0, 4)).toEqual([origin, '12', Buffer.from(head.root).toString('base64'), '']);
  const [dash, name, signed = '', ...more] = lines[4]?.split(' ') ?? [];
  expect([dash, name, more, lines.slice(5)]).toEqual(['—', origin, [], ['']]);
  const bytes = Buffer.from(signed, 'base64');
  const id = createHash('sha256').update(`${origin}\n\x01`).update(publicKey).digest().subarray(0, 4);
  expect(bytes.subarray(0, 4)).toEqual(id);
  const secret = await crypto.subtle.exportKey('pkcs8', pair.privateKey);
  const key = createPrivateKey({ key: Buffer.from(secret), format: 'der', type: 'pkcs8' });
  expect(bytes.subarray(4)).toEqual(nodeSign(null, Buffer.from(checkpointText(run, head)), key));
  expect(await open(note)).toEqual(head);
});

test('the key id of the documented example key is right', () => {
  // PeterNeumann's key of the Go module golang.org/x/mod/sumdb/note, whose documentation prints name, id and key.
  const [name, id, key] = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'.split('+');
  const bytes = Buffer.from(key ?? '', 'base64');
  expect([bytes[0], toHex(keyId(name ?? '', bytes.subarray(1)))]).toEqual([1, id]);
});

test('a note that was changed, or is of another run or key, is refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
      const changed = bytesOf(note);
      changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ mask;
      expect(await openCheckpoint(changed, signer)).toBe(null);
    }),
    { numRuns: 300 },
  );
  for (let length = 0; length < bytesOf(note).length; length++) {
    expect(await openCheckpoint(bytesOf(note).subarray(0, length), signer)).toBe(null);
  }
  expect(await openCheckpoint(bytesOf(note), { ...signer, run: new Uint8Array(32) })).toBe(null);
  expect(await openCheckpoint(bytesOf(note), { ...signer, publicKey: new Uint8Array(32) })).toBe(null);
});

test('sizes have one spelling, and only signature lines may follow the text', async () => {
  const text = checkpointText(run, head);
  const forged = async (text: string) => {
    const signature = await sign(pair.privateKey, bytesOf(text));
    return note.replace(checkpointText(run, head), text).replace(/ [^ ]+\n$/, () => {
      const id = keyId(`tapestry/${toHex(run)}`, publicKey);
      return ` ${Buffer.concat([id, signature]).toString('base64')}\n`;
    });
  };
  expect(await open(await forged(text))).toEqual(head);
  for (const size of ['012', '+12', '1e1', '-1', '', '9007199254740993', ' 12']) {
    expect(await open(await forged(text.replace('\n12\n', `\n${size}\n`)))).toBe(null);
  }
  expect(await open(await forged(`${text}an extension\n`))).toBe(null);
  expect(await open(`${note}\n`)).toBe(null);
  expect(await open(`${note}no signature\n`)).toBe(null);
});

test('signatures of witnesses are ignored and not required', async () => {
  const witness = `— witness.example/w ${Buffer.alloc(76).toString('base64')}\n`;
  expect(await open(note + witness)).toEqual(head);
  expect(await open(note.replace('\n\n', `\n\n${witness}`))).toEqual(head);
  expect(await open(note.replace(/—.*\n$/, witness))).toBe(null);
  expect(await open(note + witness.repeat(maxCheckpointBytes / witness.length))).toBe(null);
});
