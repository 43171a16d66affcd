import * as v from 'valibot';
import { fromHex, toHex } from '../../relay/wire/hex.ts';
import type { SamplerState } from '../data/sampler.ts';
import { TapestryError } from '../errors.ts';
import { type KernelRecord, kernelRecordSchema } from '../gpu/kernel-record.ts';
import { decodeScaling, encodeScaling, scalingWords } from '../train/scaling.ts';
import type { Scaling } from '../train/training.ts';

/** One node's trained and encoded contribution to one round, until the relay has settled it. */
export interface Contribution {
  readonly round: number;
  /** Hash of the base it was trained from, hex. */
  readonly base: string;
  readonly steps: number;
  readonly tokens: number;
  /** Nats a token, each a f32. */
  readonly trainingLoss: number;
  readonly heldOutLoss: number;
  readonly payload: Uint8Array<ArrayBuffer>;
  /** The error-feedback residual, once this contribution is accepted. */
  readonly residual: Float32Array<ArrayBuffer>;
}

/** What a node needs to go on exactly where it was: saved whenever it has trained a round to the end. */
export interface SavedState {
  /** Steps taken, and what AdamW keeps of them; they stay from round to round. */
  readonly step: number;
  readonly scaling: Scaling;
  readonly firstMoment: Float32Array<ArrayBuffer>;
  readonly secondMoment: Float32Array<ArrayBuffer>;
  readonly sampler: SamplerState;
  /** What the steps were trained with; null where an older version saved it. */
  readonly kernels: KernelRecord | null;
  /** The error-feedback residual that held before `contribution`. */
  readonly residual: Float32Array<ArrayBuffer>;
  readonly contribution: Contribution;
}

/*
 * All numbers little-endian, arrays one after the other:
 *   magic 8 | version u32 | run 32 | parameters u32 | JSON bytes u32 | payload bytes u32
 *   | step f64 | scaling (7 words, see client/train/scaling.ts) | round u32 | base 32 | steps u32 | tokens u32 | training loss f32 | held-out loss f32
 *   | first moment | second moment | residual | residual after | payload | sampler and kernels (JSON) | SHA-256 of all before
 * Version 2 has the first 6 words of the scaling, and as JSON the sampler alone.
 */
const magic = 'TAPSTATE';
const version = 3;
const scalingWordsOf: Readonly<Record<number, number>> = { 2: 6, [version]: scalingWords };
const headerBytes = (words: number) => 8 + 4 + 32 + 4 + 4 + 4 + 8 + 4 * words + 4 + 32 + 4 + 4 + 4 + 4;
const hashBytes = 32;

/** A state's bytes; `run` is the run's id in hex. */
export async function encodeState(run: string, state: SavedState): Promise<Uint8Array<ArrayBuffer>> {
  const { contribution } = state;
  const { sampler, kernels } = state;
  const json = new TextEncoder().encode(JSON.stringify({ sampler, kernels }));
  const arrays = [state.firstMoment, state.secondMoment, state.residual, contribution.residual];
  const parameters = state.firstMoment.length;
  if (arrays.some((array) => array.length !== parameters)) throw new RangeError('arrays differ in length');
  const { payload } = contribution;
  const bodyBytes = headerBytes(scalingWords) + arrays.length * parameters * 4 + payload.length + json.length;
  const bytes = new Uint8Array(bodyBytes + hashBytes);
  const writer = new Cursor(bytes);
  writer.bytes(new TextEncoder().encode(magic));
  writer.u32(version);
  writer.bytes(fromHex(run));
  writer.u32(parameters);
  writer.u32(json.length);
  writer.u32(payload.length);
  writer.f64(state.step);
  writer.bytes(new Uint8Array(encodeScaling(state.scaling).buffer));
  writer.u32(contribution.round);
  writer.bytes(fromHex(contribution.base));
  writer.u32(contribution.steps);
  writer.u32(contribution.tokens);
  writer.f32(contribution.trainingLoss);
  writer.f32(contribution.heldOutLoss);
  for (const array of arrays) writer.bytes(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  writer.bytes(payload);
  writer.bytes(json);
  writer.bytes(await sha256(bytes.subarray(0, bodyBytes)));
  return bytes;
}

/**
 * The state of `run` for a model of `parameters` values, or why these bytes are none.
 * @throws TapestryError `state.unreadable`
 */
export async function decodeState(
  bytes: Uint8Array<ArrayBuffer>,
  run: string,
  parameters: number,
): Promise<SavedState> {
  must(bytes.length >= headerBytes(scalingWords) + hashBytes, 'is cut short');
  const reader = new Cursor(bytes);
  must(new TextDecoder().decode(reader.take(8)) === magic, 'is not a saved state');
  const savedBy = reader.readU32();
  const words = scalingWordsOf[savedBy];
  if (words === undefined) throw unreadable('was saved by another version');
  must(toHex(reader.take(32)) === run, 'belongs to another run');
  must(reader.readU32() === parameters, 'belongs to another model');
  const jsonBytes = reader.readU32();
  const payloadBytes = reader.readU32();
  const bodyBytes = headerBytes(words) + 4 * parameters * 4 + payloadBytes + jsonBytes;
  must(bytes.length === bodyBytes + hashBytes, 'has the wrong length');
  must(toHex(await sha256(bytes.subarray(0, bodyBytes))) === toHex(bytes.subarray(bodyBytes)), 'is damaged');
  const step = reader.readF64();
  const scaling = decodeScaling(new Float32Array(reader.take(4 * words).buffer));
  const facts = {
    round: reader.readU32(),
    base: toHex(reader.take(32)),
    steps: reader.readU32(),
    tokens: reader.readU32(),
    trainingLoss: reader.readF32(),
    heldOutLoss: reader.readF32(),
  };
  const [firstMoment, secondMoment, residual, residualAfter] = [0, 1, 2, 3].map(() =>
    floats(reader.take(parameters * 4)),
  );
  const payload = reader.take(payloadBytes);
  const { sampler, kernels } = parsed(reader.take(jsonBytes), savedBy);
  must(Number.isSafeInteger(step) && step >= 0, 'has no step count');
  must(Object.values(scaling).every(Number.isFinite), 'holds numbers that are not finite');
  if (!firstMoment || !secondMoment || !residual || !residualAfter) throw unreadable('is cut short');
  return {
    step,
    scaling,
    firstMoment,
    secondMoment,
    sampler,
    kernels,
    residual,
    contribution: { ...facts, payload, residual: residualAfter },
  };
}

const jsonSchema = v.object({
  // `Sampler.restore` is what checks it.
  sampler: v.custom<SamplerState>(() => true),
  kernels: v.nullable(kernelRecordSchema),
});

function parsed(json: Uint8Array, savedBy: number): v.InferOutput<typeof jsonSchema> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
    return v.parse(jsonSchema, savedBy === version ? value : { sampler: value, kernels: null });
  } catch {
    throw unreadable('says neither its place in the text nor its kernels');
  }
}

function floats(bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const values = new Float32Array(bytes.buffer);
  must(values.every(Number.isFinite), 'holds numbers that are not finite');
  return values;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

function must(holds: boolean, otherwise: string): void {
  if (!holds) throw unreadable(otherwise);
}

function unreadable(why: string): TapestryError {
  return new TapestryError(
    'state.unreadable',
    `The saved state ${why}.`,
    'Nothing to do: this node starts afresh from the current base.',
  );
}

/** Writes and reads one field after the other; `take` copies, so that arrays are aligned and own their bytes. */
class Cursor {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #advance(count: number): number {
    const at = this.#at;
    this.#at += count;
    return at;
  }

  bytes(value: Uint8Array): void {
    this.#bytes.set(value, this.#advance(value.length));
  }

  u32(value: number): void {
    this.#view.setUint32(this.#advance(4), value, true);
  }

  f32(value: number): void {
    this.#view.setFloat32(this.#advance(4), value, true);
  }

  f64(value: number): void {
    this.#view.setFloat64(this.#advance(8), value, true);
  }

  take(count: number): Uint8Array<ArrayBuffer> {
    const at = this.#advance(count);
    return this.#bytes.slice(at, at + count);
  }

  readU32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  readF32(): number {
    return this.#view.getFloat32(this.#advance(4), true);
  }

  readF64(): number {
    return this.#view.getFloat64(this.#advance(8), true);
  }
}
