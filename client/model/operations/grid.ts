import type { Workgroups } from '../../gpu/operation.ts';

/** A grid with room for `invocations` numbered in a row; a kernel computes its number from `num_workgroups`. */
export function flat(invocations: number, lanes: number): Workgroups {
  const groups = Math.ceil(invocations / lanes);
  const x = Math.min(groups, 65_535);
  return [x, Math.ceil(groups / x), 1];
}
