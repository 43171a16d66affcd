import type { Precision } from '../../../shaders/shader.ts';
import { type Allocator, tooSmall } from '../../gpu/device.ts';
import { FlatVector } from '../../gpu/flat-vector.ts';
import { type Binding, type BufferRange, type ProgramBuilder, whole } from '../../gpu/program.ts';
import { cutsOf, groupAlignment } from '../parameters.ts';
import { rangeOf } from '../tensor-ranges.ts';
import type { Dropout, LowRank, TrainedParameters } from '../weight.ts';
import { AdapterMatrices } from './adapter-matrices.ts';
import { rowLengths } from './operations/magnitude.ts';
import { pack, unpack } from './operations/pack.ts';
import { type PackedAdapter, type PackedGroup, packTable } from './packed.ts';
import { adapterNames } from './settings.ts';

/** Bytes of the table for each element of the packed matrices: a place and a factor. */
const tableBytes = 8;

/** An adapter that is trained, on the device: its matrices as kernels read them, and their gradient in float32. */
export class AdapterMemory {
  readonly gradient: FlatVector;
  readonly #matrices: AdapterMatrices;
  readonly #trained: TrainedParameters;
  readonly #table: GPUBuffer;
  readonly #dropout: Omit<Dropout, 'stream'> | undefined;

  /** The layout of `trained` has the adapter's tensors. Throws TapestryError `device.too-small`. */
  constructor(
    allocator: Allocator,
    packed: PackedAdapter,
    trained: TrainedParameters,
    storage: Precision,
    dropout?: Omit<Dropout, 'stream'>,
  ) {
    const { layout } = packed;
    this.#matrices = new AdapterMatrices(allocator, packed, storage);
    this.#trained = trained;
    this.#dropout = dropout;
    const own = { label: 'gradient', length: layout.length, cuts: cutsOf(layout) };
    this.gradient = new FlatVector(allocator, { ...own, bytesPerElement: 4 });
    const size = layout.length * tableBytes;
    if (size > allocator.bufferBytes || 4 * trained.layout.length > allocator.bindingBytes)
      throw tooSmall(
        `an adapter of ${trained.layout.trained} parameters is too large`,
        'Give it a lower rank.',
      );
    const { STORAGE, COPY_DST } = GPUBufferUsage;
    const { device } = allocator;
    this.#table = device.createBuffer({ label: 'adapter', size, usage: STORAGE | COPY_DST });
    const { sources, factors } = packTable(packed, packed.matrices, trained.layout);
    const words = new Uint32Array(2 * layout.length);
    const bits = new Uint32Array(factors.buffer);
    for (let i = 0; i < layout.length; i++) words.set([sources[i] ?? 0, bits[i] ?? 0], 2 * i);
    device.queue.writeBuffer(this.#table, 0, words);
  }

  /**
   * Records the copy of the adapter's parameters to the matrices that kernels read and, for DoRA, the lengths of the rows.
   * `weights` gives the model's matrices that are bound as one.
   */
  recordPack(program: ProgramBuilder, weights: (names: readonly string[]) => Binding): void {
    const { packed, matrices } = this.#matrices;
    const { parameters } = this.#trained;
    for (const { offset, length } of this.#parts(matrices, program))
      program.record(
        pack,
        { length },
        {
          table: this.#tableRange(offset, length),
          parameters: parameters.range(0, parameters.length),
          packed: matrices.range(offset, length),
        },
      );
    if (packed.dora)
      for (const group of packed.groups) this.#recordLengths(program, group, weights(group.names));
  }

  #recordLengths(program: ProgramBuilder, group: PackedGroup, weights: Binding): void {
    const { packed, matrices, lengths } = this.#matrices;
    const { layout, parameters } = this.#trained;
    for (const { name, outputs, inputs, firstRow } of packed.matrices.filter((own) => own.group === group))
      program.record(
        rowLengths,
        { firstRow, rows: outputs, inputs, rank: group.rank },
        {
          weights,
          reduction: rangeOf(packed.layout, matrices, group.a),
          expansion: rangeOf(packed.layout, matrices, group.b),
          magnitudes: rangeOf(layout, parameters, adapterNames(name).magnitude),
          factors: rangeOf(packed.lengths, lengths, group.factors),
          inverses: rangeOf(packed.lengths, lengths, group.inverses),
        },
      );
  }

  /** Records the copy of the packed matrices' gradient to that of the parameters. */
  recordUnpack(program: ProgramBuilder): void {
    const { gradient } = this.#trained;
    for (const { offset, length } of this.#parts(this.gradient, program))
      program.record(
        unpack,
        { length },
        {
          table: this.#tableRange(offset, length),
          packedGradient: this.gradient.range(offset, length),
          gradient: gradient.range(0, gradient.length),
        },
      );
  }

  /** True if any of these matrices of the model has an adapter. */
  adapts(...names: readonly string[]): boolean {
    return this.#matrices.adapts(...names);
  }

  /** The adapter of the matrices that are bound as one, if any of them has one. */
  of(names: readonly string[]): LowRank | undefined {
    const [fixed, group] = [this.#matrices.of(names), this.#matrices.groupOf(names)];
    if (fixed === undefined || group === undefined) return undefined;
    const { layout, matrices } = this.#matrices.packed;
    const gradientOf = (name: string) => rangeOf(layout, this.gradient, name);
    const { layout: own, gradient } = this.#trained;
    const parts = matrices
      .filter((matrix) => matrix.group === group && matrix.dora)
      .map(({ name, firstRow: first, outputs: count }) => ({
        first,
        count,
        gradient: rangeOf(own, gradient, adapterNames(name).magnitude),
      }));
    return {
      ...fixed,
      a: { ...fixed.a, gradient: gradientOf(group.a) },
      b: { ...fixed.b, gradient: gradientOf(group.b) },
      dropout: this.#dropout && { ...this.#dropout, stream: this.#matrices.packed.groups.indexOf(group) },
      magnitude: fixed.magnitude && { ...fixed.magnitude, parts },
    };
  }

  /** Parts whose range of the table can be bound. */
  #parts(vector: FlatVector, { bindingBytes }: ProgramBuilder) {
    return vector.parts(bindingBytes / (tableBytes / vector.bytesPerElement), groupAlignment);
  }

  #tableRange(offset: number, length: number): BufferRange {
    return { ...whole(this.#table), offset: offset * tableBytes, size: length * tableBytes };
  }
}
