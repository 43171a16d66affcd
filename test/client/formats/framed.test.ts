import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameReader, FrameTooLong, framed } from '../../../client/formats/framed.ts';

test('frames come whole out of a stream that is cut into any pieces', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 9_000 }), { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 8 }),
      (frames, cuts) => {
        const stream = Buffer.concat(frames.map(framed));
        const reader = new FrameReader(9_000);
        const read: Uint8Array[] = [];
        for (let at = 0, cut = 0; at < stream.length; cut++) {
          const end = at + (cuts[cut % cuts.length] ?? 1);
          read.push(...reader.read(stream.subarray(at, end)));
          at = end;
        }
        expect(reader.isBetween).toBe(true);
        expect(read.map((frame) => Buffer.from(frame).toString('hex'))).toEqual(
          frames.map((frame) => Buffer.from(frame).toString('hex')),
        );
      },
    ),
    { seed: 7, numRuns: 60 },
  );
});

test('a stream that ends within a frame or its header is not between frames', () => {
  const whole = framed(new Uint8Array([1, 2, 3]));
  for (let end = 1; end < whole.length; end++) {
    const reader = new FrameReader(3);
    expect([...reader.read(whole.subarray(0, end))]).toEqual([]);
    expect(reader.isBetween).toBe(false);
  }
});

test('a frame longer than any valid one is refused at its header', () => {
  const header = framed(new Uint8Array(101)).subarray(0, 4);
  expect(() => [...new FrameReader(100).read(header)]).toThrow(FrameTooLong);
  expect([...new FrameReader(101).read(header)]).toEqual([]);
});
