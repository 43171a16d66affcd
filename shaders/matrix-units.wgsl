// The units that multiply small matrices, one product of (unitRows, unitDepth) by (unitDepth, unitColumns) by a subgroup at a
// time ("tensor cores"; Dawn's experimental subgroup matrices), and sum up in f32. Their sizes and operands are those of an
// entry of matrix-units.ts. Operands and sums lie in `memory`, whose elements hold four operands. Apart from these lines, what
// uses the units is WGSL that runs, and is tested, anywhere.

alias LeftUnit = subgroup_matrix_left<Operand, unitDepth, unitRows>;
alias RightUnit = subgroup_matrix_right<Operand, unitColumns, unitDepth>;
alias SumUnit = subgroup_matrix_result<f32, unitColumns, unitRows>;

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
