import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Device } from '../../../client/gpu/device.ts';
import { FlatVector } from '../../../client/gpu/flat-vector.ts';
import { Readback } from '../../../client/gpu/readback.ts';
import { openNodeDevice } from '../../support/gpu-node.ts';

let device: Device;
let readback: Readback;
beforeAll(async () => {
  device = await openNodeDevice();
  readback = new Readback(device);
});
afterAll(() => {
  readback.close();
  device.close();
});

/** The device with a lower limit on the size of a buffer. */
const limited = (bufferBytes: number): Device => ({ ...device, bufferBytes });

test('a vector in several buffers is read back unchanged, and is divided only where that is allowed', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 9 }),
      async (groups) => {
        const lengths = groups.map((blocks) => blocks * 64);
        const cuts = lengths.map((_, i) => lengths.slice(0, i).reduce((a, b) => a + b, 0));
        const length = lengths.reduce((a, b) => a + b, 0);
        const vector = new FlatVector(limited(5 * 64 * 4), { label: '', length, bytesPerElement: 4, cuts });
        const values = Float32Array.from({ length }, (_, i) => i);
        vector.write(values);
        expect(await vector.read(readback)).toEqual(values);
        cuts.forEach((cut, i) => {
          expect(vector.range(cut, lengths[i] ?? 0).size).toBe((lengths[i] ?? 0) * 4);
        });
        const parts = vector.parts(2 * 64 * 4, 64);
        expect(parts.reduce((end, part) => (part.offset === end ? end + part.length : Number.NaN), 0)).toBe(
          length,
        );
        for (const part of parts) {
          expect(part.length * 4).toBeLessThanOrEqual(2 * 64 * 4);
          expect(vector.range(part.offset, part.length).offset % 256).toBe(0);
        }
      },
    ),
    { numRuns: 20 },
  ));

test('a large vector is read piece by piece, through one small staging buffer', async () => {
  const length = 9 * 2 ** 20 + 64;
  const vector = new FlatVector(device, { label: '', length, bytesPerElement: 4, cuts: [0] });
  const values = Float32Array.from({ length }, (_, i) => i % 1013);
  vector.write(values);
  const read = await vector.read(readback);
  expect(read.every((value, i) => value === values[i])).toBe(true);
  expect(vector.stagingBytes).toBeLessThan(length * 4);
});

test('a large vector of halves is written piece by piece, each value rounded to the nearest', async () => {
  const length = 2 ** 24 + 128;
  const vector = new FlatVector(device, { label: '', length, bytesPerElement: 2, cuts: [0] });
  const values = Float32Array.from({ length }, (_, i) => (i % 1013) / 1009);
  vector.write(values);
  for (const offset of [0, 2 ** 24 - 128, 2 ** 24]) {
    const read = new Float16Array((await readback.read(vector.range(offset, 128))).buffer);
    expect(read).toEqual(Float16Array.from(values.subarray(offset, offset + 128)));
  }
});

test('a part that no buffer can hold is refused', () => {
  const options = { label: 'parameters', length: 256, bytesPerElement: 4, cuts: [0, 64] } as const;
  expect(() => new FlatVector(limited(512), options)).toThrow(
    expect.objectContaining({ code: 'device.too-small' }),
  );
});
