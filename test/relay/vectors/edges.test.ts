import { expect, test } from 'vitest';
import { checkEntry, entryHash, entryOfLine, lossText, noPrevious } from '../../../relay/journal/entry.ts';
import { checkPayload } from '../../../relay/run/aggregate.ts';
import { manifestBytesOf, parseManifest } from '../../../relay/run/manifest.ts';
import { RoundFold } from '../../../relay/run/round-fold.ts';
import { Readers } from '../../../relay/server/http/readers.ts';
import { Invitations } from '../../../relay/server/invitations.ts';
import { bytesOfVector } from '../../../relay/storage/blob-store.ts';
import { hashOfBytes } from '../../../relay/storage/sha256.ts';
import { denseCodec } from '../../../relay/wire/codec/dense.ts';
import { fromHex, toHex } from '../../../relay/wire/hex.ts';
import { authorizationOf, nonceOf, type ReaderSecret } from '../../../relay/wire/reader-proof.ts';
import { TestClock, testNode, tinyRun } from '../../support/relay/run-support.ts';
import { expectVectors } from '../../support/relay/vectors.ts';

const filled = (byte: number) => new Uint8Array(32).fill(byte);

/** A grid on which the integers are exact, and the payload of given integers. */
const grid = { bits: 8, block: 1, exponent: -10, maxShift: 16, clipNorm: 1 };
const unit = 2 ** grid.exponent;
const payloadOf = (integers: readonly number[]) =>
  denseCodec(grid).encode(
    Float32Array.from(integers, (integer) => integer * unit),
    new Float32Array(integers.length),
  );

const boundOf = (clip: number, parameters: number) =>
  clip * (1 + 1 / 64) + (Math.sqrt(parameters) * unit) / 2;

/** The least clip norm under which a norm passes. */
function clipFor(norm: number, parameters: number): number {
  let [low, high] = [0, 2 * norm];
  for (;;) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) return high;
    if (norm > boundOf(middle, parameters)) low = middle;
    else high = middle;
  }
}

test('norm.json: payloads whose norm is just at the bound, and just above it', async () => {
  const many = [...new Array<number>(131).fill(127 << 16), ...new Array<number>(200).fill(1)];
  // From the largest on, each 1 is lost: a float64 of this sum steps by 2. From the smallest on, none is.
  const lost = Math.sqrt(131 * (127 << 16) ** 2) * unit;
  const cases = [
    { why: 'a delta of zeros', integers: [0, 0, 0, 0], clipNorm: 2 ** -10, accepted: true },
    { why: 'a norm equal to the bound', integers: [66, 0, 0, 0], clipNorm: 64 * unit, accepted: true },
    { why: 'the next longer delta', integers: [66, 1, 0, 0], clipNorm: 64 * unit, accepted: false },
    {
      why: 'a norm that is above the bound, and equal to it once its root is rounded',
      integers: [66, 2, 2, 0],
      clipNorm: clipFor(Math.sqrt(4364) * unit, 4),
      accepted: true,
    },
    {
      why: 'squares that are lost when they are added in the order of the values',
      integers: many,
      clipNorm: clipFor(lost, many.length),
      accepted: true,
    },
    {
      why: 'the same values in the opposite order',
      integers: many.toReversed(),
      clipNorm: clipFor(lost, many.length),
      accepted: false,
    },
  ];
  // The fourth case is one only if the rounded root is the bound, and is below the real root.
  expect(boundOf(clipFor(Math.sqrt(4364) * unit, 4), 4)).toBe(Math.sqrt(4364) * unit);
  expect(BigInt(Math.sqrt(4364) * 2 ** 46) ** 2n).toBeLessThan(4364n << 92n);
  const vectors = [];
  for (const { why, integers, clipNorm, accepted } of cases) {
    const payload = payloadOf(integers);
    const checked = checkPayload(payload, integers.length, denseCodec({ ...grid, clipNorm }));
    if (accepted) await expect(checked, why).resolves.toBeUndefined();
    else await expect(checked, why).rejects.toThrow('longer than the clip norm');
    vectors.push({ why, parameters: integers.length, clipNorm, payload: toHex(payload), accepted });
  }
  const { bits, block, exponent, maxShift } = grid;
  await expectVectors('norm', { bits, block, exponent, maxShift, payloads: vectors });
});

const counts = ['0', '1', '9007199254740991'];
const notCounts = [
  ...['-0', '-1', '+1', '01', '0.0', '-0.0', '1.0', '1e0', '1E0', '0e0', '-0e0', '0x1', '1_0', '.5', '5.'],
  ...['9007199254740992', '9007199254740993', '1e308', '-1e308', '1e400', 'NaN', 'Infinity', '-Infinity'],
  ...['"1"', 'null', 'true', '[]', '{}', ' 1', '1 ', ''],
];
const losses = ['0', '-0', '1', '-1', '2.3', '1e-7', '0.000001', '1000', '3.4028235e+38', '1e-45'];
const notLosses = [
  ...['-0.0', '0.0', '+0', '-0e0', '0e0', '00', '1.0', '01', '1e0', '1E-7', '1e-07', '.5', '5.', ' 1', '1 '],
  ...['NaN', 'nan', 'Infinity', '-Infinity', 'inf', '1e308', '3.5e+38', '1e-46', '-1e-46', '1_0', '0x10', ''],
  // The same float32 as a shorter decimal, and a digit of another script.
  ...['2.2999999523162842', '2.30', '1e+3', '١'],
];

/** The first line of a journal, of an entry whose number is written as `text`. */
function lineWith(place: 'sequence' | 'time' | 'round' | 'loss', text: string) {
  const at = (name: string, other: string) => (name === place ? text : other);
  const [sequence, time] = [at('sequence', '1'), at('time', '5')];
  const kind = place === 'loss' ? 'round-abandoned' : 'refused';
  const body =
    place === 'loss'
      ? `{"round":1,"attempt":1,"contributions":0,"loss":${JSON.stringify(text)}}`
      : `{"round":${at('round', '1')},"counts":{"TOO_LATE":1}}`;
  // No hash can be made of a number that is none: that entry is refused before its hash is compared.
  const value = (number: string) => (Number.isSafeInteger(Number(number)) ? Number(number) : 0);
  const previous = noPrevious;
  const hash = entryHash({ sequence: value(sequence), time: value(time), kind, body, previous });
  const head = `{"sequence":${sequence},"time":${time},"kind":"${kind}"`;
  return `${head},"body":${body},"previous":"${previous}","hash":"${hash}"}`;
}

test('numbers.json: the one spelling of each number in the journal, and the ones that are refused', async () => {
  const entries = [
    ...(['sequence', 'time', 'round'] as const).flatMap((place) => [
      ...counts.map((text) => ({ place, text, accepted: place !== 'sequence' || text === '1' })),
      ...notCounts.map((text) => ({ place, text, accepted: false })),
    ]),
    ...losses.map((text) => ({ place: 'loss' as const, text, accepted: true })),
    ...notLosses.map((text) => ({ place: 'loss' as const, text, accepted: false })),
  ].map((entry) => ({ ...entry, line: lineWith(entry.place, entry.text) }));
  for (const { place, text, line, accepted } of entries) {
    const read = () => checkEntry(entryOfLine(line, 1), null);
    if (accepted) expect(read, `${place} ${text}`).not.toThrow();
    else expect(read, `${place} ${text}`).toThrow();
  }
  expect(losses.map((text) => lossText(Math.fround(Number(text))))).toEqual(losses);
  await expectVectors('numbers', { entries });
});

test('zeros.json: outer steps in which zeros have signs, and numbers vanish', async () => {
  const codec = { bits: 8, block: 8, exponent: -126, maxShift: 6, clipNorm: 10 };
  const draft = tinyRun({ parameters: 6, rounds: 3, target: 2, quorum: 1 }).manifest;
  const base = new Float32Array([-0, 0, 2 ** -149, -(2 ** -149), 1, -0]);
  const payloadBytes = denseCodec(codec).payloadBytes(6);
  const manifest = manifestBytesOf(
    {
      ...draft,
      codec: { case: 'dense', value: codec },
      limits: { ...draft.limits, payloadBytes, maxTokens: 2 ** 24 },
    },
    { relayKey: filled(1), initialBase: fromHex(hashOfBytes(bytesOfVector(base))) },
  );
  const parsed = parseManifest(manifest);
  const fold = new RoundFold(parsed.manifest, parsed.codec, [base]);
  const rounds = [];
  // A quotient of 2^-150 is halfway between 0 and the least float32; sums of zero come from opposite integers.
  for (const deltas of [
    [[-1, 1, -1, 1, 0, -3]],
    [[0, 0, 0, 0, 0, 0]],
    [
      [5, -5, 1, 64, -9, 1],
      [-5, 5, 1, -64, 9, 0],
    ],
  ]) {
    const contributions = deltas.map((integers) => {
      const values = Float32Array.from(integers, (integer) => integer * 2 ** codec.exponent);
      return { tokens: 2 ** 24, payload: toHex(denseCodec(codec).encode(values, new Float32Array(6))) };
    });
    const { state } = await fold.next(
      rounds.length + 1,
      contributions.map(({ payload, tokens }) => ({
        tokens,
        payload: hashOfBytes(fromHex(payload)),
        part: 'whole' as const,
        read: async () => fromHex(payload),
      })),
    );
    fold.commit(state);
    const [next, momentum] = state.map((vector) => toHex(bytesOfVector(vector)));
    rounds.push({ contributions, base: next, momentum });
  }
  expect(JSON.stringify(rounds)).toContain('00000080');
  await expectVectors('zeros', {
    manifest: toHex(manifest),
    initialBase: toHex(bytesOfVector(base)),
    rounds,
  });
});

test('readers.json: who may read single contributions, and with which proof', async () => {
  const auditor = await testNode(5);
  const token = 'tøken';
  const secrets: Record<string, ReaderSecret> = {
    'the join token': { token },
    'another token': { token: 'token' },
    'no token': { token: '' },
    'the auditor’s key': { key: auditor.signing },
    'another key': { key: (await testNode(6)).signing },
  };
  const runs = [
    { readers: { case: 'anyone', value: {} }, holds: Object.keys(secrets) },
    { readers: { case: 'members', value: {} }, holds: ['the join token'] },
    {
      readers: { case: 'auditor', value: { publicKey: fromHex(auditor.key) } },
      holds: ['the auditor’s key'],
    },
  ] as const;
  const vectors = [];
  for (const { readers, holds } of runs) {
    const draft = { ...tinyRun({ parameters: 5 }).manifest, contributionReaders: readers };
    const manifest = manifestBytesOf(draft, { relayKey: filled(1), initialBase: filled(2) });
    const { contributionReaders } = parseManifest(manifest).manifest;
    const relay = new Readers(
      contributionReaders,
      new Invitations([{ token, seats: 1 }], 1),
      new TestClock(),
      filled(3),
    );
    const challenge = relay.challenge();
    const nonce = nonceOf(challenge) ?? '';
    const headers: { why: string; authorization: string | null; admitted: boolean }[] = [];
    for (const [why, secret] of Object.entries(secrets)) {
      const admitted = holds.some((one) => one === why);
      headers.push({ why, authorization: await authorizationOf(secret, nonce), admitted });
    }
    const isOpen = readers.case === 'anyone';
    const good = headers.find(({ admitted }) => admitted)?.authorization ?? '';
    headers.push(
      { why: 'no header', authorization: null, admitted: isOpen },
      { why: 'capital letters', authorization: good.toUpperCase(), admitted: isOpen },
      { why: 'a proof cut short', authorization: good.slice(0, -2), admitted: isOpen },
      {
        why: 'a nonce of another relay',
        authorization: good.replace(nonce, '7'.repeat(64)),
        admitted: isOpen,
      },
      { why: 'the token itself', authorization: `Bearer ${token}`, admitted: isOpen },
    );
    for (const { why, authorization, admitted } of headers) {
      const answer = await relay.admits(authorization ?? undefined);
      expect(answer === 'yes', `${readers.case}: ${why}`).toBe(admitted);
    }
    vectors.push({ readers: readers.case, manifest: toHex(manifest), token, challenge, headers });
  }
  await expectVectors('readers', { runs: vectors });
});
