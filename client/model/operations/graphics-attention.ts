import { type MatrixUnitName, matrixUnitKinds } from '../../../shaders/matrix-units/matrix-units.ts';
import type { Precision } from '../../../shaders/shader.ts';
import type { Variant } from '../../gpu/operation.ts';
import { hasUnits, rowBytes, unitNames } from './matrix-units.ts';

/** The extents of attention that the graphics variants depend on. */
interface Extents {
  readonly batch: number;
  readonly sequence: number;
  readonly headSize: number;
}

type Entry = 'forward' | 'backwardQuery' | 'backwardKeyValue';

/** Each lane of a workgroup of `lanesX` by `lanesY` has four rows of a tile and four owned rows; see tiled-attention.wgsl. */
const tiles = [
  { lanesX: 4, lanesY: 8 },
  { lanesX: 8, lanesY: 8 },
] as const;

/** The graphics variants of one part of attention. */
export function graphicsVariants<Shape extends Extents>(
  entry: Entry,
  headsOf: (shape: Shape) => number,
): Variant<Shape>[] {
  const byUnits = unitNames.flatMap((units) => matrixUnitVariants(units, entry, headsOf));
  return [...tiledVariants(entry, headsOf), ...byUnits];
}

/** Invocations of a workgroup that uses matrix units. */
const invocations = 128;

function matrixUnitVariants<Shape extends Extents>(
  units: MatrixUnitName,
  entry: Entry,
  headsOf: (shape: Shape) => number,
): Variant<Shape>[] {
  const { rows, columns, depth, operands, lanes } = matrixUnitKinds[units];
  const subgroups = invocations / lanes;
  const owned = subgroups * rows;
  const tables = entry === 'forward' ? 1 : 2;
  return [16, 64, 32].map((tile) => {
    const memory = ({ headSize }: Shape) => {
      const row = rowBytes[operands](headSize);
      const tablesEach = rows * Math.max(tables * rowBytes.f32(tile), rowBytes.f32(headSize));
      return Math.max(2 * tile * row + subgroups * tablesEach, owned * row) + 64 * 8;
    };
    return {
      name: `matrix units ${units}, ${owned}x${tile}`,
      shader: `matrixUnitAttention ${units}`,
      entry,
      overrides: ({ headSize }) => ({ headVectors: headSize / 4, subgroups, tile, tables }),
      workgroups: (shape) => [Math.ceil(shape.sequence / owned), headsOf(shape), shape.batch],
      fits: (adapter, shape, storage) =>
        hasUnits(adapter, storage, units) &&
        memory(shape) <= adapter.workgroupBytes &&
        invocations <= adapter.workgroupInvocations &&
        shape.headSize % columns === 0 &&
        shape.headSize % depth === 0,
      prefers: 'graphics',
      worthwhile: (shape) => shape.sequence >= owned,
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
    const memory = ({ headSize }: Shape, storage: Precision) => {
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
      prefers: 'graphics',
    };
  });
}
