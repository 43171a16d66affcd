import type { Choice, Codec } from '../../../relay/wire/codec/codec.ts';
import { type Allocation, allOrNone, allocate } from '../../gpu/allocation.ts';
import { type Adapter, type Allocator, type Device, tooSmall } from '../../gpu/device.ts';
import { openDryRunAllocator } from '../../gpu/dry-run-allocator.ts';
import { commonParts, FlatVector, type Part } from '../../gpu/flat-vector.ts';
import { type Program, ProgramBuilder, whole } from '../../gpu/program.ts';
import { Readback } from '../../gpu/readback.ts';
import { Submitter } from '../../gpu/submitter.ts';
import { alignment, groupAlignment } from '../../model/parameters.ts';
import type { TrainedParameters } from '../../model/weight.ts';
import { normOf } from '../round/base-delta.ts';
import { type ChunksShape, choose, compensate, leave } from './operations.ts';

type Vector = Float32Array<ArrayBuffer>;

/** A delta as it is sent, and what its encoding left out; see `EncodedDelta`. */
export interface ProgramResult {
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly residual: Vector;
  /** L2 norm of the delta, to about five digits. */
  readonly norm: number;
  /** The chosen values, before what was sent of them left; and the index of each. */
  readonly chosen: Float32Array;
  readonly indices: Uint32Array;
  readonly sent: Float32Array;
}

/** The norm on the device is a sum of float32: a delta this close to the clip norm is measured again in float64. */
const margin = 0.01;

/** As many sums of squares as keep a graphics card busy; see `recordGradientNorm`. */
const sumsOf = ({ length }: Part) => Math.min(16_384, Math.ceil(length / 256));

interface Memory {
  /** The residual, in which the delta is encoded. */
  readonly residual: FlatVector;
  readonly partials: GPUBuffer;
  readonly places: GPUBuffer;
  readonly chosen: GPUBuffer;
  readonly sent: GPUBuffer;
}

/** Two programs, or the recordings of them. */
interface Programs<Made = Program> {
  /** Adds the delta to the decayed residual, and chooses. */
  readonly work: Made;
  /** Takes from the residual what was sent. */
  readonly settle: Made;
}

/**
 * Encodes the delta of parameters that are on the device, with the bits of `encodeDelta`: error feedback and the choice of values run there, and
 * only what was chosen is read back. The processor makes two levels and the payload of it, a 64th of the values with the usual settings, by
 * the codec's own float64. The new residual is on the device too, and is read only because a node's saved state holds it.
 *
 * Buffers and pipelines are made once. The residual costs 4 bytes a parameter; the base lies in the gradient, which nothing needs between two
 * steps and which is zero again afterwards.
 */
export class DeltaProgram {
  readonly #device: Device;
  readonly #trained: TrainedParameters;
  readonly #choice: Choice;
  readonly #memory: Allocation<Memory>;
  readonly #programs: Programs;
  readonly #readback: Readback;
  readonly #working: Submitter;
  readonly #settling: Submitter;
  /** The residual that is on the device; null if none is. */
  #held: Vector | null = null;

  private constructor(
    device: Device,
    trained: TrainedParameters,
    choice: Choice,
    memory: Allocation<Memory>,
    programs: Programs,
  ) {
    this.#device = device;
    this.#trained = trained;
    this.#choice = choice;
    this.#memory = memory;
    this.#programs = programs;
    this.#readback = new Readback(device);
    this.#working = new Submitter(device, programs.work.bytes());
    this.#settling = new Submitter(device, programs.settle.bytes());
  }

  /** Throws TapestryError `device.too-small`, `shader.invalid` or `device.lost`. */
  static async create(
    device: Device,
    trained: TrainedParameters,
    choice: Choice,
    feedbackDecay: number,
  ): Promise<DeltaProgram> {
    const memory = await allocate(device, (allocator) => makeMemory(allocator, trained, choice));
    try {
      const recorded = record(device, trained, choice, feedbackDecay, memory.made);
      const [work, settle] = await allOrNone([recorded.work.build(device), recorded.settle.build(device)]);
      return new DeltaProgram(device, trained, choice, memory, { work, settle });
    } catch (error) {
      memory.free();
      throw error;
    }
  }

  /**
   * Encodes base - parameters with the decayed residual. `residual` may not change afterwards: it is written to the device unless it is the
   * one that the call before returned. Null if only `encodeDelta` can encode this delta, because it is not finite, near `clipNorm` or above it,
   * or its payload would represent more than the codec's own clip norm. Throws TapestryError `device.lost`, and WireError as `Choice.encode`.
   */
  async encode(
    base: Vector,
    residual: Vector,
    clipNorm: number,
    codec: Pick<Codec, 'clipNorm'>,
  ): Promise<ProgramResult | null> {
    const { length } = base;
    const { chunk, top } = this.#choice;
    const memory = this.#memory.made;
    const { gradient } = this.#trained;
    if (length !== memory.residual.length || residual.length !== length)
      throw new RangeError('base or residual has another length than the parameters');
    if (this.#held !== residual) memory.residual.write(residual);
    this.#held = null;
    gradient.write(base);
    const read = this.#run(this.#working, this.#programs.work, (encoder) => {
      gradient.clear(encoder);
      const copy = (buffer: GPUBuffer) => this.#readback.copy(encoder, whole(buffer));
      return { squares: copy(memory.partials), places: copy(memory.places), chosen: copy(memory.chosen) };
    });
    const [squares, places, chosen] = await Promise.all([read.squares(), read.places(), read.chosen()]);
    const norm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
    // False for NaN too.
    if (!(norm <= clipNorm * (1 - margin))) return null;
    const count = this.#choice.count(length);
    const made = {
      places: new Uint32Array(places.buffer).subarray(0, count),
      values: chosen.subarray(0, count),
    };
    const sent = new Float32Array(chosen.length);
    const payload = this.#choice.encode(length, made, sent.subarray(0, count));
    if (normOf(sent) > codec.clipNorm) return null;
    this.#device.device.queue.writeBuffer(memory.sent, 0, sent);
    this.#run(this.#settling, this.#programs.settle, () => undefined);
    const left = await memory.residual.read(this.#readback);
    this.#held = left;
    const indices = made.places.map((place, i) => Math.floor(i / top) * chunk + place);
    return { payload, residual: left, norm, chosen: made.values, indices, sent };
  }

  /** Frees the memory. */
  close(): void {
    this.#programs.work.close();
    this.#programs.settle.close();
    this.#readback.close();
    this.#memory.free();
  }

  #run<Result>(
    submitter: Submitter,
    program: Program,
    after: (encoder: GPUCommandEncoder) => Result,
  ): Result {
    submitter.begin(program.length);
    submitter.encode(program);
    const result = submitter.copy(after);
    submitter.end();
    this.#readback.submitted(program.length);
    return result;
  }
}

function makeMemory(device: Allocator, { parameters }: TrainedParameters, { chunk, top }: Choice): Memory {
  const { length } = parameters;
  const slots = Math.ceil(length / chunk) * top;
  const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const make = (label: string, words: number) => {
    const size = words * 4;
    if (size > device.bindingBytes) throw tooSmall(`${label} needs ${size} bytes`);
    return device.device.createBuffer({ label, size, usage: STORAGE | COPY_SRC | COPY_DST });
  };
  const step = stepOf(chunk);
  if (4 * step > device.bindingBytes) throw tooSmall(`chunks are bound as ${4 * step} bytes`);
  const cuts = Array.from({ length: Math.ceil(length / step) }, (_, i) => i * step);
  const residual = new FlatVector(device, { label: 'residual', length, bytesPerElement: 4, cuts });
  const parts = commonParts([parameters, residual], device.bindingBytes, groupAlignment);
  return {
    residual,
    partials: make(
      'sums of squares',
      parts.reduce((sum, part) => sum + sumsOf(part), 0),
    ),
    places: make('places', slots),
    chosen: make('chosen values', slots),
    sent: make('sent values', slots),
  };
}

/** The least number of elements that is whole chunks, and at whose multiples a binding may begin. */
function stepOf(chunk: number): number {
  let step = chunk;
  while (step % alignment !== 0) step += chunk;
  return step;
}

function record(
  adapter: Adapter,
  { parameters, gradient }: TrainedParameters,
  { chunk, top }: Choice,
  decay: number,
  { residual, partials, places, chosen, sent }: Memory,
): Programs<ProgramBuilder> {
  const work = new ProgramBuilder(adapter);
  const { bindingBytes } = adapter;
  let firstPartial = 0;
  for (const part of commonParts([parameters, residual], bindingBytes, groupAlignment)) {
    const range = (vector: FlatVector) => vector.range(part.offset, part.length);
    const sums = sumsOf(part);
    const bound = { base: range(gradient), parameters: range(parameters), residual: range(residual) };
    const shape = { vectors: part.length / 4, sums, firstPartial, decay };
    work.record(compensate, shape, { ...bound, partials: whole(partials) });
    firstPartial += sums;
  }
  const settle = new ProgramBuilder(adapter);
  for (const { offset, length } of residual.parts(bindingBytes, stepOf(chunk))) {
    const shape: ChunksShape = { values: length, chunk, top, firstChunk: offset / chunk };
    const values = residual.range(offset, length);
    const where = { places: whole(places) };
    work.record(choose, shape, { ...where, values, chosen: whole(chosen) });
    settle.record(leave, shape, { ...where, sent: whole(sent), residual: values });
  }
  return { work, settle };
}

/**
 * Bytes on the device of the program of these parameters, what it reads back included. Allocates nothing; the parameters may be those of a dry
 * run. Throws TapestryError `device.too-small`.
 */
export function predictDeltaProgram(adapter: Adapter, trained: TrainedParameters, choice: Choice): number {
  const { allocator, bytes } = openDryRunAllocator(adapter);
  const memory = makeMemory(allocator, trained, choice);
  const { work, settle } = record(adapter, trained, choice, 1, memory);
  for (const program of [work, settle]) program.allocate(allocator);
  const { residual, partials, places, chosen } = memory;
  const staging = partials.size + places.size + chosen.size + residual.stagingBytes;
  return [...bytes.values()].reduce((sum, size) => sum + size, staging);
}
