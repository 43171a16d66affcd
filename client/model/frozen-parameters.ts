import type { Precision } from '../../shaders/shader.ts';
import type { Allocator } from '../gpu/device.ts';
import { FlatVector } from '../gpu/flat-vector.ts';
import type { BufferRange } from '../gpu/program.ts';
import {
  alignment,
  copyTensors,
  cutsOf,
  isProjection,
  layTensors,
  type ParameterLayout,
  type TensorPlace,
} from './parameters.ts';
import { QuantizedMatrices, type QuantizedRange } from './quantized/quantized-matrices.ts';
import { type RowSpan, rangeOf, rowRange } from './tensor-ranges.ts';

/**
 * Read-only parameters on the device: matrices in a program's storage, the gains of norms in float32. With q8_0 the layers'
 * matrices are held in blocks of 8 bits, as QLoRA holds them in 4 (Dettmers et al. 2023, arXiv 2305.14314); embedding and head
 * are not.
 */
export class FrozenParameters {
  readonly layout: ParameterLayout;
  /** Layout of `#matrices`. */
  readonly #held: ParameterLayout;
  readonly #matrices: FlatVector;
  readonly #quantized: QuantizedMatrices | undefined;
  readonly #norms: readonly TensorPlace[];
  /** The gains in the order of `#norms`, at equal distances. */
  readonly #gains: FlatVector;
  readonly #stride: number;

  /** Throws TapestryError `device.too-small`. */
  constructor(device: Allocator, layout: ParameterLayout, storage: Precision, quantizes = false) {
    this.layout = layout;
    this.#norms = layout.tensors.filter(({ shape }) => shape.length === 1);
    this.#stride = Math.ceil(Math.max(0, ...this.#norms.map(({ size }) => size)) / alignment) * alignment;
    this.#held = quantizes ? layTensors(layout.tensors.filter((tensor) => !isProjection(tensor))) : layout;
    this.#quantized = quantizes ? new QuantizedMatrices(device, layout, isProjection) : undefined;
    const matrices = { length: this.#held.length, cuts: cutsOf(this.#held) };
    const bytesPerElement = storage === 'f16' ? 2 : 4;
    this.#matrices = new FlatVector(device, { ...matrices, label: 'frozen', bytesPerElement });
    const gains = { length: this.#norms.length * this.#stride, cuts: [0] };
    this.#gains = new FlatVector(device, { ...gains, label: 'frozen', bytesPerElement: 4 });
  }

  /** Queues all values, in the order of the layout. */
  write(parameters: Float32Array<ArrayBuffer>): void {
    const held = this.#held === this.layout ? parameters : copyTensors(parameters, this.layout, this.#held);
    this.#matrices.write(held);
    this.#quantized?.write(parameters);
    const gains = new Float32Array(this.#gains.length);
    for (const [i, { offset, size }] of this.#norms.entries())
      gains.set(parameters.subarray(offset, offset + size), i * this.#stride);
    this.#gains.write(gains);
  }

  /** A matrix, or several adjacent ones. */
  matrix(...names: readonly string[]): BufferRange | QuantizedRange {
    return this.#quantized?.range(names) ?? rangeOf(this.#held, this.#matrices, ...names);
  }

  /** Some rows of a matrix. */
  rows(name: string, span: RowSpan): BufferRange {
    return rowRange(this.#held, this.#matrices, name, span);
  }

  gain(name: string): BufferRange {
    const place = this.#norms.findIndex((norm) => norm.name === name);
    return this.#gains.range(place * this.#stride, this.#norms[place]?.size ?? 0);
  }
}
