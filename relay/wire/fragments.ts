import type { WholeManifest } from './frames.ts';
import { WireError } from './strict.ts';
import { RefusalCode } from './tapestry_pb.js';

/** A flat vector, or one like it that holds only a fragment's values. */
type Vector = Float32Array<ArrayBuffer>;

/** The part of the model's flat vector that one round synchronizes. */
export interface Fragment {
  /** The values of the fragment, in the order of the vector. They may share memory with it. */
  of(vector: Vector): Vector;
  /** A vector like `vector`, with these values of the fragment in their places. It may share memory with `values`. */
  into(vector: Vector, values: Vector): Vector;
  /** Sizes of the tensors of a delta, given those of the vector: a border between two blocks ends a tensor. */
  tensors(sizes: readonly number[]): number[];
}

/** What a contribution can be of: all that its round synchronizes, or the upper layers, where the manifest grants them. */
export const partNames = ['whole', 'upper'] as const;
export type PartName = (typeof partNames)[number];

/** The last layers of a model and all that follows them in the flat vector. */
export interface UpperPart extends Fragment {
  readonly layers: number;
  /** Index in the flat vector of their first value. */
  readonly from: number;
  /** Values of their delta. */
  readonly length: number;
}

/** The fragments of a run. */
export interface Fragments {
  /** How many rounds synchronize the whole vector once. */
  readonly count: number;
  /** Values of the delta of each round, with the padding after a fragment that is shorter than the others. */
  readonly length: number;
  /** The fragment of a round, counted from 1. */
  at(round: number): Fragment;
  /** What a node may train that is too slow for the whole model; null where the run grants no part. */
  readonly upper: UpperPart | null;
}

/** The settings of fragments: `count` of at least 2, and enough blocks that none is empty. */
export interface FragmentSettings {
  readonly count: number;
  readonly block: number;
}

/**
 * The fragments that a manifest chooses; one that is the whole vector if it chooses none. Throws WireError OUT_OF_LIMIT for
 * settings that leave a fragment empty.
 */
export function fragmentsOf({
  strategy: { part },
  model,
}: Pick<WholeManifest, 'strategy' | 'model'>): Fragments {
  const { parameters } = model;
  switch (part.case) {
    case 'wholeModel':
      return wholeModel(parameters);
    case 'fragments':
      return stridedFragments(parameters, part.value);
    case 'upperLayers': {
      const { layers, from } = part.value;
      if (layers < 1 || layers > model.layers || from < 1 || from >= parameters)
        throw new WireError(RefusalCode.OUT_OF_LIMIT, 'its upper layers are not a part of its model');
      return { ...wholeModel(parameters), upper: upperPart(parameters, { layers, from }) };
    }
  }
}

/** Values of a delta of this part; null where the run does not grant it. */
export function valuesOf(
  { length, upper }: Pick<Fragments, 'length' | 'upper'>,
  part: PartName,
): number | null {
  return part === 'whole' ? length : (upper?.length ?? null);
}

/** What a contribution of this part to a round is of. Throws RangeError for a part that the run does not grant. */
export function fragmentOf(
  { at, upper }: Pick<Fragments, 'at' | 'upper'>,
  round: number,
  part: PartName,
): Fragment {
  if (part === 'whole') return at(round);
  if (upper === null) throw new RangeError('the run grants no part of its model');
  return upper;
}

/** One fragment, which is the whole vector. */
export function wholeModel(parameters: number): Fragments {
  return { count: 1, length: parameters, at: () => whole, upper: null };
}

const whole: Fragment = {
  of: (vector) => vector,
  into: (_, values) => values,
  tensors: (sizes) => [...sizes],
};

/** The values of a vector of `parameters` from `from` on, which are those of its last `layers` layers and of what follows them. */
export function upperPart(
  parameters: number,
  { layers, from }: Pick<UpperPart, 'layers' | 'from'>,
): UpperPart {
  const length = parameters - from;
  return {
    ...{ layers, from, length },
    of(vector) {
      checkLength(vector, parameters);
      return vector.subarray(from);
    },
    into(vector, values) {
      checkLength(vector, parameters);
      checkLength(values, length);
      const next = vector.slice();
      next.set(values, from);
      return next;
    },
    tensors(sizes) {
      let end = 0;
      return sizes.flatMap((size) => {
        end += size;
        return end > from ? [Math.min(size, end - from)] : [];
      });
    },
  };
}

function checkLength(vector: Vector, values: number): void {
  if (vector.length !== values) throw new RangeError(`a vector has ${vector.length} values, not ${values}`);
}

/** Blocks of the vector in turn, so that each fragment has layers of every depth (Streaming DiLoCo, arXiv 2501.18512). */
export function stridedFragments(parameters: number, { count, block }: FragmentSettings): Fragments {
  if (count < 2 || block < 1 || (count - 1) * block >= parameters)
    throw new WireError(
      RefusalCode.OUT_OF_LIMIT,
      'its fragments are fewer than two, or one of them is empty',
    );
  const length = Math.ceil(Math.ceil(parameters / block) / count) * block;
  const at = (round: number) => strided(parameters, { count, block }, (round - 1) % count, length);
  return { count, length, at, upper: null };
}

function strided(
  parameters: number,
  { count, block }: FragmentSettings,
  first: number,
  length: number,
): Fragment {
  const starts: number[] = [];
  for (let start = first * block; start < parameters; start += count * block) starts.push(start);
  return {
    of(vector) {
      checkLength(vector, parameters);
      const values = new Float32Array(length);
      for (const [i, start] of starts.entries()) values.set(vector.subarray(start, start + block), i * block);
      return values;
    },
    into(vector, values) {
      checkLength(vector, parameters);
      checkLength(values, length);
      const next = vector.slice();
      for (const [i, start] of starts.entries()) {
        const size = Math.min(block, parameters - start);
        next.set(values.subarray(i * block, i * block + size), start);
      }
      return next;
    },
    tensors(sizes) {
      const found: number[] = [];
      let end = 0;
      for (const size of sizes) {
        const from = end;
        end += size;
        for (let at = from; at < end; ) {
          const border = Math.min(end, (Math.floor(at / block) + 1) * block);
          if (Math.floor(at / block) % count === first) found.push(border - at);
          at = border;
        }
      }
      const held = found.reduce((sum, size) => sum + size, 0);
      return found.map((size, i) => (i === found.length - 1 ? size + length - held : size));
    },
  };
}
