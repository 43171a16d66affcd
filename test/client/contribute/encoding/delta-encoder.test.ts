import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  DeltaEncoder,
  type LocalChange,
  type OnDevice,
  predictEncoding,
} from '../../../../client/contribute/encoding/delta-encoder.ts';
import type { Device } from '../../../../client/gpu/device.ts';
import { Random } from '../../../../client/random.ts';
import { denseCodec } from '../../../../relay/wire/codec/dense.ts';
import { sparseCodec } from '../../../../relay/wire/codec/sparse.ts';
import { stridedFragments, upperPart, wholeModel } from '../../../../relay/wire/fragments.ts';
import { encodedByProcessor, trainedOn, trainedValues } from '../../../support/contribute/encoding.ts';
import { countBuffers } from '../../../support/counted-device.ts';
import { openNodeDevice } from '../../../support/gpu-node.ts';

const length = 128 * 60;
const sparse = sparseCodec({
  ...{ chunk: 256, top: 4, exponent: -22, maxShift: 14 },
  ...{ clipNorm: 10, feedbackDecay: 0.95 },
});
const dense = denseCodec({ bits: 8, block: 64, exponent: -20, maxShift: 12, clipNorm: 10 });
const fragments = wholeModel(length);

/** A software adapter that is presented as a graphics card. */
let device: Device;
beforeAll(async () => {
  device = { ...(await openNodeDevice()), software: false };
});
afterAll(() => device.close());

const { base, local } = trainedValues(Random.seeded(1), length);
const residual = trainedValues(Random.seeded(2), length).base.map((value) => value / 100);
const change: LocalChange = { round: 1, part: 'whole', base, local, residual };

/** The vectors on a device, after training that ended at `ended`. */
function after(on: Device, ended = local): OnDevice {
  const made = trainedOn(on, ended.length);
  made.trained.parameters.write(ended);
  return made;
}

/** The codes of what a card could not encode. */
let codes: string[];
beforeEach(() => {
  codes = [];
});
const refused = (code: string) => codes.push(code);

/** Whether a device has the memory of an encoder. */
const isUsed = ({ labelled }: ReturnType<typeof countBuffers>) => labelled('residual').length > 0;

test('a graphics card encodes the delta of a whole model with a codec that chooses, to the bits of the processor', async () => {
  const counted = countBuffers(device);
  const encoder = new DeltaEncoder({ codec: sparse, fragments }, refused);
  const { payload, residual: left } = await encoder.encode(change, sparse, after(counted.device));
  expect(isUsed(counted)).toBe(true);
  const wanted = encodedByProcessor(base, local, residual, sparse);
  expect({ payload, left }).toEqual({ payload: wanted.payload, left: wanted.residual });
  encoder.close();
  expect(isUsed(counted)).toBe(false);
  expect(codes).toEqual([]);
});

test('a graphics card encodes the delta of the upper layers, round after round, to the bits of the processor', async () => {
  const upper = upperPart(length, { layers: 1, from: 128 * 40 });
  const counted = countBuffers(device);
  const encoder = new DeltaEncoder({ codec: sparse, fragments: { ...fragments, upper } }, refused);
  const trained = after(counted.device, upper.of(local));
  let own = residual;
  for (let round = 1; round <= 3; round++) {
    const made = await encoder.encode({ ...change, round, part: 'upper', residual: own }, sparse, trained);
    const wanted = encodedByProcessor(upper.of(base), upper.of(local), upper.of(own), sparse);
    expect(made.payload).toEqual(wanted.payload);
    expect(made.payload.length).toBe(sparse.payloadBytes(upper.length));
    // What waits for the layers below stays as it was.
    expect(made.residual).toEqual(upper.into(residual, wanted.residual));
    own = made.residual;
  }
  expect(isUsed(counted)).toBe(true);
  encoder.close();
});

test('a run without a part encodes none', async () => {
  const encoder = new DeltaEncoder({ codec: sparse, fragments }, refused);
  await expect(encoder.encode({ ...change, part: 'upper' }, sparse, after(device))).rejects.toThrow(
    RangeError,
  );
});

test.each([
  ['an adapter that is the processor', { software: true }, { codec: sparse, fragments }],
  ['a codec that sends every value', {}, { codec: dense, fragments }],
  [
    'a fragment of the model',
    {},
    { codec: sparse, fragments: stridedFragments(length, { count: 2, block: 256 }) },
  ],
])('the processor encodes with %s', async (_, adapter, terms) => {
  const on = { ...device, ...adapter };
  const { trained } = trainedOn(on, length);
  expect(predictEncoding(on, terms, trained)).toBe(0);
  expect(predictEncoding(device, { codec: sparse, fragments }, trained)).toBeGreaterThan(4 * length);
  const counted = countBuffers(on);
  const encoder = new DeltaEncoder(terms, refused);
  const { payload, residual: left, norm } = await encoder.encode(change, terms.codec, after(counted.device));
  expect(isUsed(counted)).toBe(false);
  const fragment = terms.fragments.at(1);
  const wanted = encodedByProcessor(
    fragment.of(base),
    fragment.of(local),
    fragment.of(residual),
    terms.codec,
  );
  expect({ payload, norm }).toEqual({ payload: wanted.payload, norm: wanted.norm });
  expect(left).toEqual(fragment.into(residual, wanted.residual));
  expect(codes).toEqual([]);
});

test('the processor encodes a delta whose payload has to be clipped, and the card the next one', async () => {
  const encoder = new DeltaEncoder({ codec: sparse, fragments }, refused);
  const trained = after(device);
  for (const clipNorm of [0.01, 10]) {
    const made = await encoder.encode(change, { ...sparse, clipNorm }, trained);
    const wanted = encodedByProcessor(base, local, residual, { ...sparse, clipNorm }, sparse.clipNorm);
    expect(made.payload).toEqual(wanted.payload);
    expect(made.residual).toEqual(wanted.residual);
  }
  encoder.close();
});

test('training that diverged is refused, and nothing is encoded', async () => {
  const encoder = new DeltaEncoder({ codec: sparse, fragments }, refused);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const ended = local.with(5, value);
    await expect(
      encoder.encode({ ...change, local: ended }, sparse, after(device, ended)),
    ).rejects.toMatchObject({
      code: 'delta.not-finite',
    });
  }
  encoder.close();
});

test.each([
  ['is sent', local.map((value) => value * 1.001), change],
  // Far less than any value that is chosen.
  [
    'stays in the residual',
    local.with(61, (base[61] ?? 0) + 1e-6),
    { ...change, local: local.with(61, base[61] ?? 0), residual: residual.with(61, 0) },
  ],
])('a card that is wrong in what %s is not used again', async (_, computed, given) => {
  const counted = countBuffers(device);
  const encoder = new DeltaEncoder({ codec: sparse, fragments }, refused);
  const wrong = after(counted.device, computed);
  const wanted = encodedByProcessor(given.base, given.local, given.residual, sparse);
  for (let round = 0; round < 2; round++) {
    const made = await encoder.encode(given, sparse, wrong);
    expect(made.payload).toEqual(wanted.payload);
    expect(made.residual).toEqual(wanted.residual);
    expect(isUsed(counted)).toBe(false);
  }
  expect(codes).toEqual(['encoding.wrong-numbers']);
});

test('a card that has no memory left or was lost leaves the delta to the processor; another one encodes the next', async () => {
  const encoder = new DeltaEncoder({ codec: sparse, fragments }, refused);
  const wanted = encodedByProcessor(base, local, residual, sparse);
  const full = { ...device, bindingBytes: 256 };
  for (let round = 0; round < 2; round++)
    expect((await encoder.encode(change, sparse, after(full))).payload).toEqual(wanted.payload);
  expect(codes).toEqual(['device.too-small']);
  expect(predictEncoding(full, { codec: sparse, fragments }, trainedOn(device, length).trained)).toBe(0);
  const other = { ...(await openNodeDevice()), software: false };
  const vectors = after(other);
  other.close();
  await other.lost;
  expect((await encoder.encode(change, sparse, vectors)).payload).toEqual(wanted.payload);
  expect(codes).toEqual(['device.too-small', 'device.lost']);
  const counted = countBuffers(device);
  expect((await encoder.encode(change, sparse, after(counted.device))).payload).toEqual(wanted.payload);
  expect(isUsed(counted)).toBe(true);
  encoder.close();
});
