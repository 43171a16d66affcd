import type { Variant } from '../../gpu/operation.ts';
import { hasMatrixUnits, padding, subgroupLanes, unit } from './matrix-units.ts';
import { areMany, type Extent, tiledVariants, tilesOf } from './tiles.ts';

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
  return [...tiledVariants('tiledMatmul', entry, extentOf), ...matrixUnitVariants(entry, extentOf)];
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
    const workgroups = (shape: Shape) => tilesOf(extentOf(shape), extent);
    return {
      name: `matrix units ${extent.rows}x${extent.columns}x${4 * tileDepth}, ${subgroups} subgroups`,
      shader: 'matrixUnitMatmul',
      entry,
      overrides: () => ({ ...tile }),
      workgroups,
      fits: (adapter, _shape, storage) =>
        hasMatrixUnits(adapter, storage) &&
        bytes <= adapter.workgroupBytes &&
        subgroups * subgroupLanes <= adapter.workgroupInvocations,
      suits: 'graphics',
      pays: (shape) => i === 0 || areMany(workgroups(shape)),
    };
  });
}
