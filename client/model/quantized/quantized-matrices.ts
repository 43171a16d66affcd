import type { Allocator } from '../../gpu/device.ts';
import { FlatVector } from '../../gpu/flat-vector.ts';
import type { Binding, BufferRange, ProgramBuilder } from '../../gpu/program.ts';
import { boundTogether, type ParameterLayout, type TensorPlace } from '../parameters.ts';
import { quantize } from './blocks.ts';
import { dequantize } from './dequantize.ts';

/** A matrix, or several that are bound as one, in blocks of 8 bits. */
export interface QuantizedRange {
  /** Number of values. */
  readonly length: number;
  readonly quantized: BufferRange;
  readonly scales: BufferRange;
}

/** Values at which groups begin: their scales, a half for 32 values, then begin at a multiple of 256 bytes. */
const groupStep = 4096;

interface Group {
  readonly tensors: readonly TensorPlace[];
  readonly offset: number;
  readonly length: number;
}

/**
 * Read-only matrices on the device in blocks of 8 bits (ggml's q8_0): 1.06 bytes a value. Products read each of them through a copy
 * in the program's storage that lives only from one dispatch to the next, so that every kernel of the linear layer can use them.
 */
export class QuantizedMatrices {
  readonly #groups: readonly Group[];
  readonly #values: FlatVector;
  readonly #scales: FlatVector;

  /** Holds the tensors of a layout that `isHeld` names, whose groups have multiples of 64 values. Throws `device.too-small`. */
  constructor(allocator: Allocator, layout: ParameterLayout, isHeld: (tensor: TensorPlace) => boolean) {
    const groups: Group[] = [];
    let offset = 0;
    for (const tensors of boundTogether(layout)) {
      if (!tensors.every(isHeld)) continue;
      const length = tensors.reduce((sum, { size }) => sum + size, 0);
      if (length % 64 !== 0)
        throw new RangeError(`${tensors[0]?.name} has ${length} values, no multiple of 64`);
      groups.push({ tensors, offset, length });
      offset = Math.ceil((offset + length) / groupStep) * groupStep;
    }
    this.#groups = groups;
    const vector = (label: string, perWord: number) =>
      new FlatVector(allocator, {
        label,
        length: offset / perWord,
        bytesPerElement: 4,
        cuts: groups.map((group) => group.offset / perWord),
      });
    this.#values = vector('frozen', 4);
    this.#scales = vector('frozen', 64);
  }

  /** Queues the values of all its tensors, from parameters over the layout. */
  write(parameters: Float32Array): void {
    const values = new Int8Array(4 * this.#values.length);
    const scales = new Uint16Array(2 * this.#scales.length);
    for (const { tensors, offset, length } of this.#groups) {
      // Adjacent, because tensors that are bound together have no gaps between them.
      const first = tensors[0]?.offset ?? 0;
      const own = quantize(parameters.subarray(first, first + length));
      values.set(own.values, offset);
      scales.set(own.scales, offset / 32);
    }
    this.#values.write(new Float32Array(values.buffer));
    this.#scales.write(new Float32Array(scales.buffer));
  }

  /** The matrices of these names, if it holds them. */
  range(names: readonly string[]): QuantizedRange | undefined {
    const group = this.#groups.find(({ tensors }) => tensors[0]?.name === names[0]);
    if (group === undefined) return undefined;
    const { offset, length } = group;
    return {
      length,
      quantized: this.#values.range(offset / 4, length / 4),
      scales: this.#scales.range(offset / 64, length / 64),
    };
  }
}

/** Values as a kernel can read them; for quantized ones it records a copy in the program's storage. */
export function readable(program: ProgramBuilder, values: BufferRange | QuantizedRange): Binding {
  if (!('quantized' in values)) return values;
  const { length, quantized, scales } = values;
  const weights = program.stored(length);
  program.record(dequantize, { length }, { quantized, scales, weights });
  return weights;
}
