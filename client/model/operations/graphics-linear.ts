import type { Adapter } from '../../gpu/device.ts';
import type { Variant } from '../../gpu/operation.ts';
import { hasMatrixUnits, padding, subgroupLanes, unit } from './matrix-units.ts';

/** Rows and columns of a product. */
export interface Extent {
  readonly rows: number;
  readonly columns: number;
}

/** Tiles of the product that a workgroup of `lanesX` by `lanesY` makes; see tiled-matmul.wgsl. */
interface Tile {
  readonly lanesX: number;
  readonly lanesY: number;
  readonly quadRows: number;
  readonly tileDepth: number;
}

/** From small to large: large ones read less, small ones occupy more of the adapter. */
const tiles: readonly Tile[] = [
  { lanesX: 4, lanesY: 8, quadRows: 1, tileDepth: 4 },
  { lanesX: 8, lanesY: 8, quadRows: 2, tileDepth: 4 },
  { lanesX: 16, lanesY: 16, quadRows: 2, tileDepth: 4 },
];

/** Workgroups that a graphics processor wants at least, to be busy. */
const manyWorkgroups = 128;

function tilesOf(extent: Extent, tile: Extent): Extent {
  return {
    rows: Math.ceil(extent.rows / tile.rows),
    columns: Math.ceil(extent.columns / tile.columns),
  };
}

/** What a workgroup makes by matrix units of 16 x 16; see matrix-unit-matmul.wgsl. */
interface UnitTile {
  readonly subgroupsX: number;
  readonly subgroupsY: number;
  readonly unitsX: number;
  readonly unitsY: number;
  readonly tileDepth: number;
}

const unitTiles: readonly UnitTile[] = [
  { subgroupsX: 2, subgroupsY: 2, unitsX: 2, unitsY: 2, tileDepth: 8 },
  { subgroupsX: 2, subgroupsY: 2, unitsX: 4, unitsY: 2, tileDepth: 8 },
  { subgroupsX: 2, subgroupsY: 4, unitsX: 4, unitsY: 4, tileDepth: 8 },
  { subgroupsX: 4, subgroupsY: 2, unitsX: 2, unitsY: 4, tileDepth: 16 },
  { subgroupsX: 4, subgroupsY: 2, unitsX: 2, unitsY: 4, tileDepth: 8 },
  { subgroupsX: 2, subgroupsY: 2, unitsX: 4, unitsY: 4, tileDepth: 8 },
];

/** The variants of one of the linear layer's products that are for graphics processors. */
export function graphicsVariants<Shape>(entry: string, extentOf: (shape: Shape) => Extent): Variant<Shape>[] {
  return [...tiledVariants(entry, extentOf), ...matrixUnitVariants(entry, extentOf)];
}

function matrixUnitVariants<Shape>(entry: string, extentOf: (shape: Shape) => Extent): Variant<Shape>[] {
  return unitTiles.map((tile, i) => {
    const { subgroupsX, subgroupsY, unitsX, unitsY, tileDepth } = tile;
    const extent = { rows: subgroupsY * unitsY * unit, columns: subgroupsX * unitsX * unit };
    const subgroups = subgroupsX * subgroupsY;
    const bytes =
      8 *
      Math.max(
        (extent.rows + extent.columns) * (tileDepth + padding),
        subgroups * unit * ((unitsX * unit) / 2 + padding),
      );
    const tilesOfShape = (shape: Shape) => tilesOf(extentOf(shape), extent);
    return {
      name: `matrix units ${extent.rows}x${extent.columns}x${4 * tileDepth}, ${subgroups} subgroups`,
      shader: 'matrixUnitMatmul',
      entry,
      overrides: () => ({ ...tile }),
      workgroups: (shape) => [tilesOfShape(shape).columns, tilesOfShape(shape).rows, 1],
      fits: (adapter, _shape, storage) =>
        hasMatrixUnits(adapter, storage) &&
        bytes <= adapter.workgroupBytes &&
        subgroups * subgroupLanes <= adapter.workgroupInvocations,
      suits: 'graphics',
      pays: (shape) => i === 0 || tilesOfShape(shape).rows * tilesOfShape(shape).columns >= manyWorkgroups,
    };
  });
}

function tiledVariants<Shape>(entry: string, extentOf: (shape: Shape) => Extent): Variant<Shape>[] {
  return tiles.map((tile, i) => {
    const { lanesX, lanesY, quadRows, tileDepth } = tile;
    const extent = { rows: 4 * lanesY * quadRows, columns: 8 * lanesX };
    const bytes = (extent.rows + extent.columns) * 4 * tileDepth * 4;
    const tilesOfShape = (shape: Shape) => tilesOf(extentOf(shape), extent);
    return {
      name: `tiled ${extent.rows}x${extent.columns}x${4 * tileDepth}`,
      shader: 'tiledMatmul',
      entry,
      overrides: () => ({ ...tile }),
      workgroups: (shape) => [tilesOfShape(shape).columns, tilesOfShape(shape).rows, 1],
      fits: ({ workgroupBytes, workgroupInvocations }: Adapter) =>
        bytes <= workgroupBytes && lanesX * lanesY <= workgroupInvocations,
      suits: 'graphics',
      pays: (shape) => i === 0 || tilesOfShape(shape).rows * tilesOfShape(shape).columns >= manyWorkgroups,
    };
  });
}
