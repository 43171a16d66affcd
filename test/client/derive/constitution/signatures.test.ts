import { bytesToHex } from '@noble/hashes/utils.js';
import { expect, test } from 'vitest';
import { parseConstitution } from '../../../../client/derive/constitution/constitution.ts';
import {
  checkSignatures,
  encodeSignatures,
  missingSignatures,
  parseSignatures,
  signConstitution,
} from '../../../../client/derive/constitution/signatures.ts';
import { generate, identityOf } from '../../../../client/identity.ts';

const newIdentity = async () => identityOf(await generate(false));
const [one, two, stranger] = await Promise.all([newIdentity(), newIdentity(), newIdentity()]);
const hex = ({ publicKey }: typeof one) => bytesToHex(publicKey);
const constitution = (text: string) =>
  parseConstitution(
    `principles: [{id: a, text: ${text}}]\nboards: [{name: elders, needed: 2, keys: [${hex(one)}, ${hex(two)}]}]`,
    'c.yaml',
  );
const first = constitution('Be kind');
const all = { boards: null, keys: [] };

test('a board agrees once enough of its own keys have signed this very version', async () => {
  let signatures = await signConstitution(first, [], one);
  signatures = await signConstitution(first, signatures, stranger);
  signatures = await signConstitution(first, signatures, one);
  expect(signatures).toHaveLength(2);
  const early = await checkSignatures(first, signatures);
  expect(early.boards).toMatchObject([{ name: 'elders', signed: [hex(one)], agrees: false }]);
  expect(missingSignatures(early, all)).toEqual(['board elders has 1 of 2 signatures']);

  const stored = parseSignatures(encodeSignatures(await signConstitution(first, signatures, two)), 's.json');
  const signed = await checkSignatures(first, stored);
  expect(new Set(signed.keys)).toEqual(new Set([hex(one), hex(two), hex(stranger)]));
  expect(missingSignatures(signed, all)).toEqual([]);
  expect(missingSignatures(signed, { boards: ['judges'], keys: [hex(stranger), '0'.repeat(64)] })).toEqual([
    'the constitution has no board judges',
    `key ${'0'.repeat(64)} has not signed`,
  ]);

  // One changed word, and nobody has signed.
  const changed = await checkSignatures(constitution('Be kinder'), stored);
  expect(changed).toMatchObject({ keys: [], otherVersions: 3, boards: [{ agrees: false }] });
});

test('a signature under another key, and a changed one, do not hold', async () => {
  const [signature] = await signConstitution(first, [], one);
  if (signature === undefined) throw new Error('it was signed');
  const borrowed = { ...signature, key: hex(two) };
  const bent = {
    ...signature,
    signature: `${signature.signature.startsWith('0') ? '1' : '0'}${signature.signature.slice(1)}`,
  };
  const signed = await checkSignatures(first, [borrowed, bent]);
  expect(signed).toMatchObject({ keys: [], boards: [{ signed: [] }] });
  expect(new Set(signed.wrong)).toEqual(new Set([hex(one), hex(two)]));
});

test('a missing file has no signatures, and a damaged one is refused', () => {
  expect(parseSignatures(null, 's.json')).toEqual([]);
  const damaged = new TextEncoder().encode('{"signatures": [{"key": 1}]}');
  expect(() => parseSignatures(damaged, 's.json')).toThrow(
    expect.objectContaining({ code: 'constitution.signatures' }),
  );
});
