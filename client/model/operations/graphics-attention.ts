import type { Storage, Variant } from '../../gpu/operation.ts';
import { hasMatrixUnits, padding, subgroupLanes, unit } from './matrix-units.ts';

/** Extents of attention on which a graphics processor's variants depend. */
interface Extents {
  readonly batch: number;
  readonly sequence: number;
  readonly headSize: number;
}

type Entry = 'forward' | 'backwardQuery' | 'backwardKeyValue';

/** A workgroup of `lanesX` by `lanesY` has four rows of a tile and four of its own for each; see tiled-attention.wgsl. */
const tiles = [
  { lanesX: 4, lanesY: 8 },
  { lanesX: 8, lanesY: 8 },
] as const;

/** The variants of one part of attention that are for graphics processors. */
export function graphicsVariants<Shape extends Extents>(
  entry: Entry,
  headsOf: (shape: Shape) => number,
): Variant<Shape>[] {
  return [...tiledVariants(entry, headsOf), ...matrixUnitVariants(entry, headsOf)];
}

function matrixUnitVariants<Shape extends Extents>(
  entry: Entry,
  headsOf: (shape: Shape) => number,
): Variant<Shape>[] {
  const subgroups = 4;
  const owned = subgroups * unit;
  const tables = entry === 'forward' ? 1 : 2;
  return [1, 4, 2].map((tileUnits) => {
    const tile = tileUnits * unit;
    const memory = ({ headSize }: Shape) => {
      const row = headSize / 4 + padding;
      const tablesEach = unit * Math.max(tables * (tile / 2 + padding), headSize / 2 + padding);
      return 8 * Math.max(2 * tile * row + subgroups * tablesEach, owned * row) + 64 * 8;
    };
    return {
      name: `matrix units ${owned}x${tile}`,
      shader: 'matrixUnitAttention',
      entry,
      overrides: ({ headSize }) => ({
        headVectors: headSize / 4,
        subgroups,
        tileUnits,
        tables,
      }),
      workgroups: (shape) => [Math.ceil(shape.sequence / owned), headsOf(shape), shape.batch],
      fits: (adapter, shape, storage) =>
        hasMatrixUnits(adapter, storage) &&
        memory(shape) <= adapter.workgroupBytes &&
        subgroups * subgroupLanes <= adapter.workgroupInvocations &&
        shape.headSize % unit === 0 &&
        shape.headSize <= 8 * unit,
      suits: 'graphics',
      pays: (shape) => shape.sequence >= owned,
    };
  });
}

function tiledVariants<Shape extends Extents>(
  entry: Entry,
  headsOf: (shape: Shape) => number,
): Variant<Shape>[] {
  return tiles.map(({ lanesX, lanesY }) => {
    const owned = 4 * lanesY;
    const tile = 4 * lanesX;
    const memory = ({ headSize }: Shape, storage: Storage) => {
      const row = (headSize / 4 + 1) * (storage === 'f16' ? 8 : 16);
      const weights = tile * lanesY * 16;
      if (entry === 'forward') return (owned + 2 * tile) * row + weights;
      return 2 * (owned + tile) * row + (entry === 'backwardQuery' ? 1 : 2) * weights;
    };
    return {
      name: `tiled ${owned}x${tile}`,
      shader: 'tiledAttention',
      entry,
      overrides: ({ headSize }) => ({ headVectors: headSize / 4, lanesX, lanesY }),
      workgroups: (shape) => [Math.ceil(shape.sequence / owned), headsOf(shape), shape.batch],
      fits: ({ workgroupBytes, workgroupInvocations }, shape, storage) =>
        memory(shape, storage) <= workgroupBytes &&
        lanesX * lanesY <= workgroupInvocations &&
        shape.headSize / 4 <= 4 * lanesX,
      suits: 'graphics',
    };
  });
}
