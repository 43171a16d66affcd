import { WireError } from '../strict.ts';
import { type EntropyDeltas, RefusalCode } from '../tapestry_pb.js';
import { BinaryDecoder, BinaryEncoder, Contexts } from './binary-coder.ts';
import { decodersOfBlocks } from './blocks.ts';
import type { Codec } from './codec.ts';
import { bad, greatestMagnitude, isUsableGrid, powerOfTwo } from './grid.ts';
import { greatestOnGrid } from './magnitudes.ts';

/** The numbers of an entropy codec, beside a clip norm and the decay of a residual as the statistical codec has them. */
export type EntropySettings = Omit<EntropyDeltas, '$typeName' | '$unknown'> &
  Pick<Codec, 'clipNorm' | 'feedbackDecay'>;

/** Bytes before the coded values: the shift and the magnitude of a step. */
const headBytes = 2;
/** A block has at least so many bytes, or all of them if they are fewer; values that are all 0 always fit. */
const leastBytes = 16;
/** A byte holds so many zeros at most. */
const mostZerosAByte = 64;
/** Greatest magnitude of a value in steps. */
const greatestSteps = 127;
/** Whether a value is 0 has a context, and whether its magnitude is more than 1, 2, ... 14, and than each from 15 on. */
const contextCount = 16;

/**
 * The entropy codec: its payload holds every value in steps of a block, coded by how often each number of steps was seen. Values are
 * cut into blocks of `block` (the last may be shorter) with `bytes` bytes each. A block is one byte each for the shift s and the magnitude m
 * of its step, which is m * 2^(s + exponent), m >= 128 unless s is 0; then the coded values, and zeros. A magnitude of 0 stands for
 * values that are all 0.
 *
 * A value is the nearest whole number of steps, so, unlike levels that are means of what they stand for, it is not shorter than the values
 * on average. The step is one with which the values just fit, so the payload has exactly the bytes that the manifest grants, and its length
 * depends only on the number of values. A decoder refuses bytes that code no values; it does not look for a finer step. With 1,020 bytes for each 4,096 values it is 1.99 bits a value. docs/measured.md compares it.
 *
 * Throws WireError OUT_OF_LIMIT for settings that are not usable.
 */
export function entropyCodec(settings: EntropySettings): Codec {
  const { block, bytes, exponent, maxShift, clipNorm, feedbackDecay } = settings;
  const usable =
    block >= 1 &&
    bytes >= leastBytes &&
    block <= bytes * mostZerosAByte &&
    isUsableGrid({ exponent, maxShift }) &&
    clipNorm > 0 &&
    feedbackDecay > 0 &&
    feedbackDecay <= 1;
  if (!usable) throw new WireError(RefusalCode.OUT_OF_LIMIT, 'the entropy codec has no grid');
  const shape: Shape = { block, bytes, maxShift, unit: powerOfTwo(exponent) };
  return {
    unit: shape.unit,
    greatestInteger: greatestSteps * greatestOnGrid * 2 ** maxShift,
    clipNorm,
    feedbackDecay,
    block,
    payloadBytes: (length) => payloadBytes(length, shape),
    encode: (values, decoded) => encode(values, decoded, shape),
    ...decodersOfBlocks(block, (payload, length, from, integers) =>
      decodeRange(payload, length, from, integers, shape),
    ),
  };
}

interface Shape {
  readonly block: number;
  readonly bytes: number;
  readonly maxShift: number;
  readonly unit: number;
}

function blockBytes(values: number, { block, bytes }: Shape): number {
  return Math.max(leastBytes, Math.floor((values * bytes) / block));
}

function payloadBytes(length: number, shape: Shape): number {
  const whole = Math.floor(length / shape.block);
  const rest = length - whole * shape.block;
  return whole * shape.bytes + (rest > 0 ? blockBytes(rest, shape) : 0);
}

/** The steps of a grid, from the finest on, are counted from 1. */
interface Step {
  readonly shift: number;
  readonly magnitude: number;
}

const stepsAShift = 128;

function stepAt(index: number): Step {
  if (index <= greatestOnGrid) return { shift: 0, magnitude: index };
  const shift = Math.floor(index / stepsAShift) - 1;
  return { shift, magnitude: index - shift * stepsAShift };
}

function encode(values: Float32Array, decoded: Float32Array, shape: Shape): Uint8Array<ArrayBuffer> {
  const { block, unit } = shape;
  const payload = new Uint8Array(payloadBytes(values.length, shape));
  const contexts = new Contexts(contextCount);
  let at = 0;
  for (let start = 0; start < values.length; start += block) {
    const part = values.subarray(start, Math.min(start + block, values.length));
    const bytes = part.length === block ? shape.bytes : blockBytes(part.length, shape);
    const found = finestThatFits(part, bytes - headBytes, contexts, shape);
    const [shift, magnitude] = found === null ? [0, 0] : [found.step.shift, found.step.magnitude];
    payload.set([shift, magnitude], at);
    if (found !== null) payload.set(found.coded, at + headBytes);
    at += bytes;
    const step = magnitude * (1 << shift) * unit;
    for (let i = 0; i < part.length; i++)
      decoded[start + i] = step === 0 ? 0 : stepsOf(part[i] ?? 0, step) * step;
  }
  return payload;
}

/** The nearest whole number of steps. */
function stepsOf(value: number, step: number): number {
  return Math.max(-greatestSteps, Math.min(greatestSteps, Math.round(value / step)));
}

/** The step and the coded values of a block; null if not even the coarsest step leaves few enough bytes. */
function finestThatFits(
  values: Float32Array,
  room: number,
  contexts: Contexts,
  { maxShift, unit }: Shape,
): { readonly step: Step; readonly coded: Uint8Array } | null {
  let fits: { step: Step; coded: Uint8Array } | null = null;
  let tried = new Uint8Array(room);
  let other = new Uint8Array(room);
  const coarsest = stepsAShift * maxShift + greatestOnGrid;
  const greatest = greatestMagnitude(values, 0, values.length);
  let [below, above] = [0, coarsest + 1];
  while (above - below > 1) {
    const index = Math.floor((below + above) / 2);
    const step = stepAt(index);
    const size = step.magnitude * (1 << step.shift) * unit;
    // Only the coarsest step cuts values off that are beyond its grid.
    const isHeld = index === coarsest || Math.round(greatest / size) <= greatestSteps;
    const length = isHeld ? code(values, size, tried, contexts) : Number.POSITIVE_INFINITY;
    if (length > room) {
      below = index;
      continue;
    }
    above = index;
    fits = { step, coded: tried.subarray(0, length) };
    [tried, other] = [other, tried];
  }
  return fits;
}

/** Codes values into `bytes`; the bytes that they take, or more than there are. */
function code(values: Float32Array, step: number, bytes: Uint8Array, contexts: Contexts): number {
  const encoder = new BinaryEncoder(bytes);
  contexts.forget();
  const put = (bit: boolean, context: number) => {
    encoder.put(bit, contexts.of(context));
    contexts.learn(context, bit);
  };
  for (let i = 0; i < values.length; i++) {
    const steps = stepsOf(values[i] ?? 0, step);
    const magnitude = Math.abs(steps);
    put(magnitude > 0, 0);
    if (magnitude === 0) continue;
    encoder.put(steps < 0, evenOdds);
    for (let least = 1; least < greatestSteps; least++) {
      put(magnitude > least, Math.min(least, contextCount - 1));
      if (magnitude === least) break;
    }
    if (encoder.length > bytes.length) return encoder.length;
  }
  encoder.end();
  return encoder.length;
}

/** A sign is not predicted. */
const evenOdds = 2048;

/** Fills `integers` with those of the values from `from` on, which is the beginning of a block; they end with one. */
function decodeRange(
  payload: Uint8Array,
  length: number,
  from: number,
  integers: Int32Array,
  shape: Shape,
): Int32Array {
  const { block, maxShift } = shape;
  if (payload.length !== payloadBytes(length, shape)) throw bad(`has ${payload.length} bytes`);
  const contexts = new Contexts(contextCount);
  const to = from + integers.length;
  let at = (from / block) * shape.bytes;
  for (let start = from; start < to; start += block) {
    const count = Math.min(block, length - start);
    const bytes = count === block ? shape.bytes : blockBytes(count, shape);
    const [shift = 0, magnitude = 0] = payload.subarray(at, at + headBytes);
    const coded = payload.subarray(at + headBytes, at + bytes);
    at += bytes;
    if (shift > maxShift) throw bad(`has shift ${shift} at value ${start}`);
    if (shift > 0 && magnitude < stepsAShift) throw bad(`has a shift that is too large at value ${start}`);
    const part = integers.subarray(start - from, start - from + count);
    if (magnitude === 0) part.fill(0);
    const isWhole =
      magnitude === 0
        ? coded.every((byte) => byte === 0)
        : decodeBlock(coded, magnitude << shift, part, contexts);
    if (!isWhole) throw bad(`has bytes that no values have at value ${start}`);
  }
  return integers;
}

/** Fills `integers` with multiples of `step`; whether an encoder can have made the bytes. */
function decodeBlock(bytes: Uint8Array, step: number, integers: Int32Array, contexts: Contexts): boolean {
  const decoder = new BinaryDecoder(bytes);
  contexts.forget();
  const take = (context: number) => {
    const bit = decoder.take(contexts.of(context));
    contexts.learn(context, bit);
    return bit;
  };
  for (let i = 0; i < integers.length; i++) {
    if (!take(0)) {
      integers[i] = 0;
      continue;
    }
    const isNegative = decoder.take(evenOdds);
    let magnitude = 1;
    while (magnitude < greatestSteps && take(Math.min(magnitude, contextCount - 1))) magnitude++;
    integers[i] = (isNegative ? -magnitude : magnitude) * step;
  }
  return decoder.isWhole;
}
