import type { Precision } from '../../../shaders/shader.ts';
import type { Allocator } from '../../gpu/device.ts';
import { FlatVector } from '../../gpu/flat-vector.ts';
import { cutsOf } from '../parameters.ts';
import { rangeOf } from '../tensor-ranges.ts';
import type { LowRank, Weight } from '../weight.ts';
import type { PackedAdapter, PackedGroup } from './packed.ts';

/** The values of an adapter, over `packed.layout` and `packed.lengths`. */
export interface AdapterContent {
  readonly matrices: Float32Array<ArrayBuffer>;
  readonly lengths: Float32Array<ArrayBuffer>;
}

/** An adapter on the device as kernels read it: its packed matrices in a program's storage and, for DoRA, the rows' factors. */
export class AdapterMatrices {
  readonly packed: PackedAdapter;
  readonly matrices: FlatVector;
  /** Over `packed.lengths`, in float32. */
  readonly lengths: FlatVector;

  /** Throws TapestryError `device.too-small`. */
  constructor(allocator: Allocator, packed: PackedAdapter, storage: Precision) {
    const { layout, lengths } = packed;
    this.packed = packed;
    const own = { label: 'adapter', length: layout.length, cuts: cutsOf(layout) };
    this.matrices = new FlatVector(allocator, { ...own, bytesPerElement: storage === 'f16' ? 2 : 4 });
    const ofRows = { label: 'adapter', length: lengths.length, cuts: cutsOf(lengths) };
    this.lengths = new FlatVector(allocator, { ...ofRows, bytesPerElement: 4 });
    // Rows of matrices without an adapter keep the factor 1.
    this.lengths.write(new Float32Array(lengths.length).fill(1));
  }

  /** Queues the values of another adapter, or of none. */
  write(adapter: AdapterContent | undefined): void {
    this.matrices.write(adapter?.matrices ?? new Float32Array(this.matrices.length));
    this.lengths.write(adapter?.lengths ?? new Float32Array(this.lengths.length).fill(1));
  }

  /** True if any of these matrices of the model has an adapter. */
  adapts(...names: readonly string[]): boolean {
    return this.packed.matrices.some(({ name }) => names.includes(name));
  }

  /** The packed group of matrices that are bound as one, if any of them has an adapter. */
  groupOf(names: readonly string[]): PackedGroup | undefined {
    return this.packed.groups.find(({ names: [first] }) => first === names[0]);
  }

  /** The adapter of the matrices that are bound as one, if any of them has one. Nothing of it is trained. */
  of(names: readonly string[]): LowRank | undefined {
    const group = this.groupOf(names);
    if (group === undefined) return undefined;
    const { layout, lengths } = this.packed;
    const weight = (name: string): Weight => ({
      values: rangeOf(layout, this.matrices, name),
      gradient: undefined,
    });
    const { rank, a, b, factors, inverses } = group;
    const magnitude = this.packed.dora
      ? {
          factors: rangeOf(lengths, this.lengths, factors),
          inverses: rangeOf(lengths, this.lengths, inverses),
          parts: [],
        }
      : undefined;
    return { rank, a: weight(a), b: weight(b), magnitude, dropout: undefined };
  }
}
