import {
  boundTogether,
  layTensors,
  type NamedShape,
  type ParameterLayout,
  type TensorPlace,
} from '../parameters.ts';
import { type AdaptedMatrix, adapterNames } from './settings.ts';

/*
 * Kernels read queries, keys and values as one matrix, and gate and up as one. The adapters of such a group are packed into one
 * A and one B: A's rows below each other, and B's as blocks along a diagonal, with zeros elsewhere. Ranks are padded to multiples
 * of 4 with zeros, because kernels read vectors of 4. The scale is multiplied into B.
 */

/** The packed adapter of the matrices that are bound as one. */
export interface PackedGroup {
  /** Names of the model's tensors. */
  readonly names: readonly string[];
  /** The sum of the padded ranks. */
  readonly rank: number;
  readonly a: string; // (rank, inputs)
  readonly b: string; // (outputs of all, rank)
  /** Names in `lengths`, (outputs of all) each: factors of the rows, and one over their lengths before scaling. */
  readonly factors: string;
  readonly inverses: string;
}

/** Where an adapter's matrix lies within its packed group. */
export interface PackedMatrix extends AdaptedMatrix {
  readonly group: PackedGroup;
  /** Rows of B before it, and columns of B, which are rows of A, before it. */
  readonly firstRow: number;
  readonly firstColumn: number;
}

export interface PackedAdapter {
  readonly layout: ParameterLayout;
  readonly groups: readonly PackedGroup[];
  readonly matrices: readonly PackedMatrix[];
  /** True if rows are scaled to magnitudes. */
  readonly dora: boolean;
  /** Layout of the rows' lengths; empty without magnitudes. */
  readonly lengths: ParameterLayout;
}

const padded = (rank: number) => Math.ceil(rank / 4) * 4;

/** Plans the packed matrices of an adapter of a model. */
export function packAdapter(model: ParameterLayout, adapted: readonly AdaptedMatrix[]): PackedAdapter {
  const known = new Map(adapted.map((matrix) => [matrix.name, matrix]));
  const groups: PackedGroup[] = [];
  const matrices: PackedMatrix[] = [];
  const tensors: NamedShape[] = [];
  const lengths: NamedShape[] = [];
  const dora = adapted.some((matrix) => matrix.dora);
  for (const bound of boundTogether(model)) {
    const present = bound.flatMap(({ name }) => known.get(name) ?? []);
    const [first] = present;
    if (first === undefined) continue;
    const rank = present.reduce((sum, matrix) => sum + padded(matrix.rank), 0);
    const names = bound.map(({ name }) => name);
    const own = (kind: string) => `${names[0]}.${kind}`;
    const group = {
      names,
      rank,
      a: own('A'),
      b: own('B'),
      factors: own('factors'),
      inverses: own('inverses'),
    };
    groups.push(group);
    let firstColumn = 0;
    let firstRow = 0;
    for (const { name, shape } of bound) {
      const matrix = known.get(name);
      if (matrix !== undefined) {
        matrices.push({ ...matrix, group, firstRow, firstColumn });
        firstColumn += padded(matrix.rank);
      }
      firstRow += shape[0] ?? 0;
    }
    tensors.push({ name: group.a, shape: [rank, first.inputs] }, { name: group.b, shape: [firstRow, rank] });
    if (dora) lengths.push(...[group.factors, group.inverses].map((name) => ({ name, shape: [firstRow] })));
  }
  return { layout: layTensors(tensors), groups, matrices, dora, lengths: layTensors(lengths) };
}

/**
 * The element of an adapter's parameters that each element of the packed matrices is, plus 1, and its factor; 0 where the packed
 * matrices are always zero. No element has two places.
 */
export interface PackTable {
  readonly sources: Uint32Array<ArrayBuffer>;
  readonly factors: Float32Array<ArrayBuffer>;
}

/**
 * The table of the adapter of `adapted` matrices, whose ranks may be lower than the packed ones. `parameters` is the layout that
 * has its tensors.
 */
export function packTable(
  { layout, matrices }: PackedAdapter,
  adapted: readonly AdaptedMatrix[],
  parameters: ParameterLayout,
): PackTable {
  const sources = new Uint32Array(layout.length);
  const factors = new Float32Array(layout.length);
  const packed = places(layout);
  const own = places(parameters);
  for (const { name, rank, scale, outputs, inputs } of adapted) {
    const place = matrices.find((matrix) => matrix.name === name);
    if (place === undefined || place.rank < rank)
      throw new RangeError(`${name} has no place for rank ${rank}`);
    const { group, firstRow, firstColumn } = place;
    const names = adapterNames(name);
    const [a, b] = [packed(group.a).offset, packed(group.b).offset];
    const [ownA, ownB] = [own(names.a).offset, own(names.b).offset];
    for (let k = 0; k < rank; k++) {
      for (let i = 0; i < inputs; i++) {
        const at = a + (firstColumn + k) * inputs + i;
        sources[at] = ownA + k * inputs + i + 1;
        factors[at] = 1;
      }
      for (let o = 0; o < outputs; o++) {
        const at = b + (firstRow + o) * group.rank + firstColumn + k;
        sources[at] = ownB + o * rank + k + 1;
        factors[at] = scale;
      }
    }
  }
  return { sources, factors };
}

function places({ tensors }: ParameterLayout): (name: string) => TensorPlace {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return (name) => {
    const place = byName.get(name);
    if (place === undefined) throw new RangeError(`the layout has no tensor ${name}`);
    return place;
  };
}

/** The matrices that any of several adapters adapts, each with the largest of their ranks, so that one program serves all. */
export function adaptedByAny(adapters: readonly (readonly AdaptedMatrix[])[]): AdaptedMatrix[] {
  const all = new Map<string, AdaptedMatrix>();
  for (const matrix of adapters.flat()) {
    const { name, rank, dora } = matrix;
    const known = all.get(name) ?? matrix;
    all.set(name, { ...known, rank: Math.max(known.rank, rank), dora: known.dora || dora });
  }
  return [...all.values()];
}

/** The packed matrices of an adapter's values. */
export function packedValues(
  { sources, factors }: PackTable,
  values: Float32Array,
): Float32Array<ArrayBuffer> {
  return Float32Array.from(sources, (source, i) =>
    source === 0 ? 0 : (values[source - 1] ?? Number.NaN) * (factors[i] ?? Number.NaN),
  );
}
