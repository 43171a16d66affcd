import { type MatrixUnitName, matrixUnitKinds } from '../../../shaders/matrix-units/matrix-units.ts';
import type { Precision } from '../../../shaders/shader.ts';
import type { Adapter } from '../../gpu/device.ts';

/** If an adapter has several, the last is likely the fastest. */
export const unitNames: readonly MatrixUnitName[] = ['8x8x8 f32', '8x16x16 f16', '16x16x16 f16'];

/** True if the adapter has these units and their operands are at least as precise as the storage. */
export function hasUnits(
  { matrixUnits, subgroupSize, subgroupChoices }: Adapter,
  storage: Precision,
  name: MatrixUnitName,
): boolean {
  const { rows, columns, depth, operands, lanes } = matrixUnitKinds[name];
  return (
    (operands === 'f32' || storage === 'f16') &&
    [subgroupSize, ...subgroupChoices].includes(lanes) &&
    matrixUnits.some(
      (unit) =>
        unit.rows === rows &&
        unit.columns === columns &&
        unit.depth === depth &&
        unit.operands === operands &&
        unit.result === 'f32',
    )
  );
}

/** Bytes of workgroup memory for a row of operands or sums, padding included. */
export const rowBytes = {
  f16: (length: number) => 2 * length + padding,
  f32: (length: number) => 4 * length + padding,
} as const;

/** Padding after each row in workgroup memory, in bytes, so that eight rows begin in different banks. */
const padding = 16;
