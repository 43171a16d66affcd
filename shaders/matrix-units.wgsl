// The units that multiply small matrices, one product of (unit, unit) matrices by a subgroup at a time ("tensor cores";
// Dawn's experimental subgroup matrices): f16 by f16, summed up in f32. Here a unit's operands and sums lie in `memory`,
// in elements of 8 bytes. Apart from these lines, what uses them is WGSL that runs, and is tested, anywhere.

const unit = 16u;
const subgroupLanes = 32u;

alias LeftUnit = subgroup_matrix_left<f16, unit, unit>;
alias RightUnit = subgroup_matrix_right<f16, unit, unit>;
alias SumUnit = subgroup_matrix_result<f32, unit, unit>;

// From memory[at] on: a row each `stride`, or with `turned` a column.
fn loadLeft(at: u32, stride: u32, turned: bool) -> LeftUnit {
  if (turned) {
    return subgroupMatrixLoad<LeftUnit, col_major>(&memory, at, stride);
  }
  return subgroupMatrixLoad<LeftUnit, row_major>(&memory, at, stride);
}

fn loadRight(at: u32, stride: u32, turned: bool) -> RightUnit {
  if (turned) {
    return subgroupMatrixLoad<RightUnit, col_major>(&memory, at, stride);
  }
  return subgroupMatrixLoad<RightUnit, row_major>(&memory, at, stride);
}

fn addProduct(sums: SumUnit, x: LeftUnit, y: RightUnit) -> SumUnit {
  return subgroupMatrixMultiplyAccumulate(x, y, sums);
}

fn storeSums(at: u32, stride: u32, sums: SumUnit) {
  subgroupMatrixStore<row_major>(&memory, at, sums, stride);
}
