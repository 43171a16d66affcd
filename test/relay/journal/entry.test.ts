import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contributionOf, offerOf } from '../../../relay/journal/contribution.ts';
import {
  checkEntry,
  type Draft,
  EntryError,
  entryHash,
  entryOfLine,
  lineOf,
  lossOf,
  lossText,
  nextEntry,
  noPrevious,
  type StoredEntry,
} from '../../../relay/journal/entry.ts';
import { ModelPart, OfferSchema } from '../../../relay/wire/tapestry_pb.js';

const hash = 'ab'.repeat(32);
const offer = create(OfferSchema, {
  round: 1,
  base: new Uint8Array(32).fill(0xab),
  payload: new Uint8Array(32).fill(7),
  payloadBytes: 10,
  steps: 5,
  tokens: 100,
  trainingLoss: Math.fround(2.3),
  heldOutLoss: -0,
  part: ModelPart.WHOLE,
  signature: new Uint8Array(64).fill(9),
});
const drafts: Draft[] = [
  { kind: 'run-created', body: { manifest: 'abcd', signature: 'ef'.repeat(64) } },
  { kind: 'contribution-accepted', body: contributionOf(hash, 1, offer) },
  { kind: 'refused', body: { round: 1, counts: { TOO_LATE: 3, MALFORMED: 1 } } },
];

function chained(): StoredEntry[] {
  const entries: StoredEntry[] = [];
  for (const draft of drafts) entries.push(nextEntry(entries.at(-1) ?? null, 1000 + entries.length, draft));
  return entries;
}

test('the chain is the SHA-256 that the documentation defines', async () => {
  const [first, second] = chained();
  if (!first || !second) throw new Error('no entries');
  expect(first.previous).toBe(noPrevious);
  expect(second.previous).toBe(first.hash);
  const le = (value: number) => [...new Uint8Array(new BigUint64Array([BigInt(value)]).buffer)];
  const text = new TextEncoder().encode(`${first.kind}\0${first.body}`);
  const bytes = new Uint8Array([0, ...new Uint8Array(32), ...le(1), ...le(1000), ...text]);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  expect(first.hash).toBe(Buffer.from(digest).toString('hex'));
});

test('an entry gives back the offer that its node signed', () => {
  const [, stored = null] = chained();
  if (stored === null) throw new Error('no entry');
  const [first = null] = chained();
  const entry = checkEntry(stored, first);
  const { $typeName, signature, ...unsigned } = offer;
  expect(entry.kind === 'contribution-accepted' && offerOf(entry.body)).toEqual(unsigned);
  expect(stored.body).toContain('"trainingLoss":"2.3","heldOutLoss":"-0"');
});

test('every float32 loss is written as text that reads back to the same bits', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (loss) => {
      const text = lossText(loss);
      expect(Object.is(lossOf(text), loss)).toBe(true);
      expect(text.replace(/e.*|[-.]/g, '').replace(/^0*|0*$/g, '').length).toBeLessThanOrEqual(9);
    }),
    { numRuns: 2000 },
  );
  expect([0, -0, Math.fround(0.1), 1000, 2 ** -149].map(lossText)).toEqual([
    '0',
    '-0',
    '0.1',
    '1000',
    '1e-45',
  ]);
  for (const value of [0.1, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => lossText(value)).toThrow(RangeError);
});

test('a body holds integers, strings and null only, which every JSON writer encodes the same', () => {
  const values: unknown[] = [];
  for (const { body } of chained()) {
    JSON.parse(body, (_, value: unknown) => {
      values.push(value);
      return value;
    });
  }
  for (const value of values) {
    if (typeof value === 'number') expect(Number.isSafeInteger(value) && !Object.is(value, -0)).toBe(true);
    else expect(['string', 'object']).toContain(typeof value);
  }
});

test('only a canonical line is read as an entry', () => {
  const stored = chained();
  for (const entry of stored) expect(entryOfLine(lineOf(entry), entry.sequence)).toEqual(entry);
  const [line = ''] = stored.map(lineOf);
  fc.assert(
    fc.property(fc.nat(line.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
      const changed = line.slice(0, at) + character + line.slice(at + 1);
      if (changed === line) return;
      expect(() => checkEntry(entryOfLine(changed, 1), null)).toThrow(EntryError);
    }),
  );
  for (const text of ['', 'null', '[]', '{}', ` ${line}`, line.replace('{', '{"x":1,')]) {
    expect(() => entryOfLine(text, 1)).toThrow(EntryError);
  }
});

test('an invalid entry is refused with its field, even if its hash is right', () => {
  const refused = (changes: Partial<StoredEntry>) => {
    const entry = {
      sequence: 1,
      time: 5,
      kind: 'round-opened',
      body: JSON.stringify({ round: 3, attempt: 1, base: hash }),
      previous: noPrevious,
      ...changes,
    };
    try {
      checkEntry({ ...entry, hash: entryHash(entry) }, null);
    } catch (error) {
      if (error instanceof EntryError) return error.field;
    }
    return null;
  };
  expect(refused({})).toBeNull();
  expect(refused({ sequence: 2 })).toBe('sequence');
  expect(refused({ previous: hash })).toBe('previous');
  expect(refused({ kind: 'other' })).toBe('kind');
  expect(refused({ body: '{' })).toBe('body');
  expect(refused({ body: `{"round": 3,"attempt":1,"base":"${hash}"}` })).toBe('body');
  expect(refused({ body: `{"base":"${hash}","round":3,"attempt":1}` })).toBe('body');
  expect(refused({ body: `{"round":3.0,"attempt":1,"base":"${hash}"}` })).toBe('body');
  expect(refused({ body: `{"round":3,"attempt":1,"base":"${hash}","more":1}` })).toBe('body.more');
  expect(refused({ body: '{"round":3,"attempt":1,"base":"AB"}' })).toBe('body.base');
  const [, contribution] = chained();
  for (const loss of ['"2.30"', '"2.2999999"', '"NaN"', '"1e3"', '2.3', '"0x1"', '""']) {
    const body = contribution?.body.replace('"2.3"', loss) ?? '';
    expect(refused({ kind: 'contribution-accepted', body }), loss).toBe('body.trainingLoss');
  }
});
