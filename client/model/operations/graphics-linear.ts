import { type MatrixUnitName, matrixUnitKinds } from '../../../shaders/matrix-units/matrix-units.ts';
import type { Variant } from '../../gpu/operation.ts';
import { hasUnits, rowBytes, unitNames } from './matrix-units.ts';
import { areMany, type Extent, tiledVariants, tilesOf } from './tiles.ts';

/** The tile that a workgroup computes with matrix units; see matrix-unit-matmul.wgsl. */
interface UnitTile {
  readonly subgroupsX: number;
  readonly subgroupsY: number;
  readonly unitsX: number;
  readonly unitsY: number;
  readonly tileDepth: number;
}

/** The first is small; the last is likely the fastest if the product has enough tiles. */
const unitTiles: Readonly<Record<MatrixUnitName, readonly UnitTile[]>> = {
  '8x8x8 f32': [
    { subgroupsX: 2, subgroupsY: 2, unitsX: 2, unitsY: 2, tileDepth: 4 },
    { subgroupsX: 2, subgroupsY: 2, unitsX: 4, unitsY: 4, tileDepth: 8 },
    { subgroupsX: 2, subgroupsY: 4, unitsX: 4, unitsY: 4, tileDepth: 4 },
    { subgroupsX: 2, subgroupsY: 2, unitsX: 4, unitsY: 4, tileDepth: 4 },
  ],
  '8x16x16 f16': [
    { subgroupsX: 2, subgroupsY: 4, unitsX: 2, unitsY: 2, tileDepth: 8 },
    { subgroupsX: 4, subgroupsY: 2, unitsX: 2, unitsY: 4, tileDepth: 8 },
    { subgroupsX: 2, subgroupsY: 4, unitsX: 2, unitsY: 4, tileDepth: 8 },
  ],
  '16x16x16 f16': [
    { subgroupsX: 2, subgroupsY: 2, unitsX: 2, unitsY: 2, tileDepth: 8 },
    { subgroupsX: 2, subgroupsY: 2, unitsX: 4, unitsY: 2, tileDepth: 8 },
    { subgroupsX: 2, subgroupsY: 4, unitsX: 4, unitsY: 4, tileDepth: 8 },
    { subgroupsX: 4, subgroupsY: 2, unitsX: 2, unitsY: 4, tileDepth: 16 },
    { subgroupsX: 4, subgroupsY: 2, unitsX: 2, unitsY: 4, tileDepth: 8 },
    { subgroupsX: 2, subgroupsY: 2, unitsX: 4, unitsY: 4, tileDepth: 8 },
  ],
};

/** The graphics variants of one of the linear layer's products. */
export function graphicsVariants<Shape>(entry: string, extentOf: (shape: Shape) => Extent): Variant<Shape>[] {
  const byUnits = unitNames.flatMap((units) => matrixUnitVariants(units, entry, extentOf));
  return [...tiledVariants('tiledMatmul', entry, extentOf), ...byUnits];
}

function matrixUnitVariants<Shape>(
  units: MatrixUnitName,
  entry: string,
  extentOf: (shape: Shape) => Extent,
): Variant<Shape>[] {
  const unit = matrixUnitKinds[units];
  return unitTiles[units].map((tile, i) => {
    const { subgroupsX, subgroupsY, unitsX, unitsY, tileDepth } = tile;
    const extent = { rows: subgroupsY * unitsY * unit.rows, columns: subgroupsX * unitsX * unit.columns };
    const subgroups = subgroupsX * subgroupsY;
    const bytes = Math.max(
      (extent.rows + extent.columns) * rowBytes[unit.operands](4 * tileDepth),
      subgroups * unit.rows * rowBytes.f32(unitsX * unit.columns),
    );
    const workgroups = (shape: Shape) => tilesOf(extentOf(shape), extent);
    return {
      name: `matrix units ${units}, ${extent.rows}x${extent.columns}x${4 * tileDepth}, ${subgroups} subgroups`,
      shader: `matrixUnitMatmul ${units}`,
      entry,
      overrides: () => ({ ...tile }),
      workgroups,
      fits: (adapter, _shape, storage) =>
        hasUnits(adapter, storage, units) &&
        bytes <= adapter.workgroupBytes &&
        subgroups * unit.lanes <= adapter.workgroupInvocations,
      prefers: 'graphics',
      worthwhile: (shape) => i === 0 || areMany(workgroups(shape)),
    };
  });
}
