import type { Allocator } from '../gpu/device.ts';
import { FlatVector } from '../gpu/flat-vector.ts';
import type { Storage } from '../gpu/operation.ts';
import type { BufferRange } from '../gpu/program.ts';
import { rangeOf, rowRange } from './layer.ts';
import { alignment, cutsOf, type ParameterLayout, type TensorPlace } from './parameters.ts';
import type { VocabularyPart } from './vocabulary-parts.ts';

/** A model's parameters on the device, only to be read: matrices as they are stored, the norms' gains in float32. */
export class GenerationWeights {
  readonly #layout: ParameterLayout;
  readonly #matrices: FlatVector;
  readonly #norms: readonly TensorPlace[];
  /** The gains in the order of `#norms`, so many elements apart. */
  readonly #gains: FlatVector;
  readonly #stride: number;

  /** Throws TapestryError `device.too-small`. */
  constructor(device: Allocator, layout: ParameterLayout, storage: Storage) {
    this.#layout = layout;
    this.#norms = layout.tensors.filter(({ shape }) => shape.length === 1);
    this.#stride = Math.ceil(Math.max(...this.#norms.map(({ size }) => size)) / alignment) * alignment;
    const matrices = { length: layout.length, cuts: cutsOf(layout) };
    const bytesPerElement = storage === 'f16' ? 2 : 4;
    this.#matrices = new FlatVector(device, { ...matrices, label: 'weights', bytesPerElement });
    const gains = { length: this.#norms.length * this.#stride, cuts: [0] };
    this.#gains = new FlatVector(device, { ...gains, label: 'gains', bytesPerElement: 4 });
  }

  /** Queues all values, in the order of the layout. */
  write(parameters: Float32Array<ArrayBuffer>): void {
    this.#matrices.write(parameters);
    const gains = new Float32Array(this.#gains.length);
    for (const [i, { offset, size }] of this.#norms.entries())
      gains.set(parameters.subarray(offset, offset + size), i * this.#stride);
    this.#gains.write(gains);
  }

  /** A matrix, or several that lie side by side. */
  matrix(...names: readonly string[]): BufferRange {
    return rangeOf(this.#layout, this.#matrices, ...names);
  }

  /** The rows of a matrix that a part of the vocabulary has. */
  rows(name: string, part: VocabularyPart): BufferRange {
    return rowRange(this.#layout, this.#matrices, name, part);
  }

  gain(name: string): BufferRange {
    const place = this.#norms.findIndex((norm) => norm.name === name);
    return this.#gains.range(place * this.#stride, this.#norms[place]?.size ?? 0);
  }

  close(): void {
    this.#matrices.close();
    this.#gains.close();
  }
}
