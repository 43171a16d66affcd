import type { Workgroups } from '../../gpu/operation.ts';

/** Enough lines of workgroups for `invocations` in a row; a kernel finds its place by `num_workgroups`. */
export function flat(invocations: number, lanes: number): Workgroups {
  const groups = Math.ceil(invocations / lanes);
  const x = Math.min(groups, 65_535);
  return [x, Math.ceil(groups / x), 1];
}
