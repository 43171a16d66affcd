import type { ShaderName } from '../../../shaders/index.ts';
import type { Adapter } from '../../gpu/device.ts';
import type { Variant, Workgroups } from '../../gpu/operation.ts';

/** Rows and columns of a product, and the number of products, 1 by default. */
export interface Extent {
  readonly rows: number;
  readonly columns: number;
  readonly matrices?: number;
}

/** The tile of the product that a workgroup of `lanesX` by `lanesY` computes; see tiles.wgsl. */
interface Tile {
  readonly lanesX: number;
  readonly lanesY: number;
  readonly quadRows: number;
  readonly tileDepth: number;
}

/** From small to large: large tiles read less memory, small tiles occupy more of the adapter. */
const tiles: readonly Tile[] = [
  { lanesX: 4, lanesY: 8, quadRows: 1, tileDepth: 4 },
  { lanesX: 8, lanesY: 8, quadRows: 2, tileDepth: 4 },
  { lanesX: 16, lanesY: 16, quadRows: 2, tileDepth: 4 },
];

/** The fewest workgroups that keep a graphics processor busy. */
const manyWorkgroups = 128;

/** The workgroups of a product of one extent, with tiles of the other. */
export function tilesOf({ rows, columns, matrices = 1 }: Extent, tile: Extent): Workgroups {
  return [Math.ceil(columns / tile.columns), Math.ceil(rows / tile.rows), matrices];
}

/** True if these workgroups keep a graphics processor busy. */
export function areMany([x, y, z]: Workgroups): boolean {
  return x * y * z >= manyWorkgroups;
}

/** The variants of a product, computed by a shader that includes tiles.wgsl. */
export function tiledVariants<Shape>(
  shader: ShaderName,
  entry: string,
  extentOf: (shape: Shape) => Extent,
): Variant<Shape>[] {
  return tiles.map((tile, i) => {
    const { lanesX, lanesY, quadRows, tileDepth } = tile;
    const extent = { rows: 4 * lanesY * quadRows, columns: 8 * lanesX };
    const bytes = (extent.rows + extent.columns) * 4 * tileDepth * 4;
    const workgroups = (shape: Shape) => tilesOf(extentOf(shape), extent);
    return {
      name: `tiled ${extent.rows}x${extent.columns}x${4 * tileDepth}`,
      shader,
      entry,
      overrides: () => ({ ...tile }),
      workgroups,
      fits: ({ workgroupBytes, workgroupInvocations }: Adapter) =>
        bytes <= workgroupBytes && lanesX * lanesY <= workgroupInvocations,
      prefers: 'graphics',
      worthwhile: (shape) => i === 0 || areMany(workgroups(shape)),
    };
  });
}
