import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DeltaProgram, predictDeltaProgram } from '../../../../client/contribute/encoding/delta-program.ts';
import { returned } from '../../../../client/contribute/round/error-feedback.ts';
import type { Device } from '../../../../client/gpu/device.ts';
import { Readback } from '../../../../client/gpu/readback.ts';
import { Random } from '../../../../client/random.ts';
import type { Codec } from '../../../../relay/wire/codec/codec.ts';
import { sparseCodec } from '../../../../relay/wire/codec/sparse.ts';
import { allVariants } from '../../../shaders/operation.ts';
import { encodedByProcessor, trainedOn, trainedValues } from '../../../support/contribute/encoding.ts';
import { countBuffers } from '../../../support/counted-device.ts';
import { openNodeDevice } from '../../../support/gpu-node.ts';

type Vector = Float32Array<ArrayBuffer>;

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

const grid = { exponent: -22, maxShift: 14, clipNorm: 1e4, feedbackDecay: 0.95 };
const usual = sparseCodec({ ...grid, chunk: 4096, top: 64 });

async function programOf(on: Device, codec: Codec, length: number) {
  const { trained } = trainedOn(on, length);
  if (codec.choice === undefined) throw new Error('the codec chooses nothing');
  const program = await DeltaProgram.create(on, trained, codec.choice, codec.feedbackDecay);
  return {
    trained,
    program,
    encode: async (base: Vector, local: Vector, residual: Vector, within = codec) => {
      trained.parameters.write(local);
      return program.encode(base, residual, codec.clipNorm, within);
    },
  };
}

test('whatever becomes of each round, payload and residual have the bits of the processor: chunks of any size, equal values and zeros', async () => {
  const rounds = fc.array(fc.constantFrom('settled', 'returned'), { minLength: 1, maxLength: 4 });
  const drawn = fc.record({
    blocks: fc.integer({ min: 1, max: 80 }),
    chunk: fc.constantFrom(1, 7, 64, 100, 256, 1000, 4096),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
    feedbackDecay: fc.constantFrom(0.95, 0.9, 1),
    seed: fc.nat(),
    rounds,
  });
  await fc.assert(
    fc.asyncProperty(drawn, async ({ blocks, chunk, part, feedbackDecay, seed, rounds: fates }) => {
      const length = 128 * blocks;
      const codec = sparseCodec({ ...grid, chunk, top: 1 + Math.floor(part * (chunk - 1)), feedbackDecay });
      for (const on of allVariants(device)) {
        const random = Random.seeded(seed);
        const { program, encode } = await programOf(on, codec, length);
        let residual = new Float32Array(length);
        for (const fate of fates) {
          const { base, local } = trainedValues(random, length);
          const wanted = encodedByProcessor(base, local, residual, codec);
          const made = await encode(base, local, residual);
          if (made === null) throw new Error('the program encoded nothing');
          expect(made.payload).toEqual(wanted.payload);
          expect(made.residual).toEqual(wanted.residual);
          expect(made.norm / wanted.norm).toBeCloseTo(1, 4);
          residual = fate === 'settled' ? made.residual : returned(made, codec);
        }
        program.close();
      }
    }),
    { numRuns: 12, endOnFailure: true },
  );
});

test('vectors in several buffers, and buffers in several bindings, give the same bits', async () => {
  const length = 128 * 700;
  const { base, local } = trainedValues(Random.seeded(3), length);
  const residual = trainedValues(Random.seeded(4), length).base.map((value) => value / 100);
  const wanted = encodedByProcessor(base, local, residual, usual);
  const limits = { bufferBytes: 4 * 128 * 300, bindingBytes: 4 * 4096 * 2, software: false };
  const { program, encode } = await programOf({ ...device, ...limits }, usual, length);
  const made = await encode(base, local, residual);
  expect(made?.payload).toEqual(wanted.payload);
  expect(made?.residual).toEqual(wanted.residual);
  program.close();
});

test('after its first round the program makes no buffer; it leaves the gradient zero, and frees all that it made', async () => {
  const length = 128 * 100;
  const counted = countBuffers(device);
  const random = Random.seeded(5);
  const { trained, program, encode } = await programOf(counted.device, usual, length);
  const others = 2;
  let residual = new Float32Array(length);
  let made = 0;
  for (let round = 0; round < 4; round++) {
    const { base, local } = trainedValues(random, length);
    residual = (await encode(base, local, residual))?.residual ?? new Float32Array(0);
    if (round === 0) made = counted.made();
  }
  expect(counted.made()).toBe(made);
  const readback = new Readback(device);
  expect(await trained.gradient.read(readback)).toEqual(new Float32Array(length));
  readback.close();
  program.close();
  expect(counted.alive()).toBe(others);
});

test.each([
  ['one buffer', {}],
  ['several buffers and bindings', { bufferBytes: 4 * 128 * 300, bindingBytes: 4 * 4096 * 2 }],
])('its memory is predicted to the byte, in %s', async (_, limits) => {
  const length = 128 * 700;
  const on = { ...device, ...limits };
  const counted = countBuffers(on);
  const { trained, encode } = await programOf(counted.device, usual, length);
  const before = countBuffers(on);
  trainedOn(before.device, length);
  const { base, local } = trainedValues(Random.seeded(7), length);
  for (let round = 0; round < 2; round++) await encode(base, local, new Float32Array(length));
  if (usual.choice === undefined) throw new Error('the codec chooses nothing');
  expect(predictDeltaProgram(on, trained, usual.choice)).toBe(counted.bytes() - before.bytes());
});

test('a delta that is not finite or has to be clipped, or whose payload has, is left to the processor, and the next one is encoded', async () => {
  const length = 128 * 40;
  const { base, local } = trainedValues(Random.seeded(6), length);
  const none = new Float32Array(length);
  const { norm } = encodedByProcessor(base, local, none, usual);
  const codec = { ...usual, clipNorm: norm * 1.5 };
  const { program, encode } = await programOf(device, codec, length);
  const last = local.length - 1;
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30])
    expect(await encode(base, local.with(last, value), none), `${value}`).toBeNull();
  const farther = local.map((value, i) => value + 1.6 * (value - (base[i] ?? 0)));
  expect(await encode(base, farther, none)).toBeNull();
  expect(await encode(base, local, none, { ...codec, clipNorm: norm / 100 })).toBeNull();
  const wanted = encodedByProcessor(base, local, none, codec);
  const made = await encode(base, local, none);
  expect(made?.payload).toEqual(wanted.payload);
  expect(made?.residual).toEqual(wanted.residual);
  program.close();
});
