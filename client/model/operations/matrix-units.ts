import { type MatrixUnitName, matrixUnitKinds } from '../../../shaders/matrix-units.ts';
import type { Adapter } from '../../gpu/device.ts';
import type { Storage } from '../../gpu/operation.ts';

/** Where an adapter has several, the last is likely fastest. */
export const unitNames: readonly MatrixUnitName[] = ['8x8x8 f32', '8x16x16 f16', '16x16x16 f16'];

/** Whether the adapter has these units, and kernels may use them with this storage: operands are as exact as what is stored. */
export function hasUnits(
  { matrixUnits, subgroupSize, subgroupChoices }: Adapter,
  storage: Storage,
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

/** Bytes of workgroup memory: of a row of so many operands or sums, with the padding behind it. */
export const rowBytes = {
  f16: (length: number) => 2 * length + padding,
  f32: (length: number) => 4 * length + padding,
} as const;

/** Bytes between the end of a row in workgroup memory and the next, so that eight rows begin in different banks. */
const padding = 16;
