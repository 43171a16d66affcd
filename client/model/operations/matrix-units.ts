import type { Adapter } from '../../gpu/device.ts';
import type { Storage } from '../../gpu/operation.ts';

/** Rows, columns and depth of the matrix units that shaders are written for, and lanes of the subgroups that feed them. */
export const unit = 16;
export const subgroupLanes = 32;

/** vec4 of half precision, 8 bytes each, between the end of a row in workgroup memory and the next. */
export const padding = 2;

/** Whether shaders may use the units: tensor cores that multiply f16 and add up f32. */
export function hasMatrixUnits({ matrixUnits, subgroupSize }: Adapter, storage: Storage): boolean {
  return (
    storage === 'f16' &&
    subgroupSize === subgroupLanes &&
    matrixUnits.some(
      ({ rows, columns, depth, result }) =>
        rows === unit && columns === unit && depth === unit && result === 'f32',
    )
  );
}
