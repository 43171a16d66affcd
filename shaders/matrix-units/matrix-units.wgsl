// Units that multiply small matrices ("tensor cores"; Dawn's experimental subgroup matrices): a subgroup multiplies (unitRows,
// unitDepth) by (unitDepth, unitColumns) and sums in f32. Their sizes and operands are those of an entry of matrix-units.ts.
// Operands and sums lie in `memory`, whose elements hold four operands. Only this file needs the units: the other code is WGSL
// that runs, and is tested, on every adapter.

alias LeftUnit = subgroup_matrix_left<Operand, unitDepth, unitRows>;
alias RightUnit = subgroup_matrix_right<Operand, unitColumns, unitDepth>;
alias SumUnit = subgroup_matrix_result<f32, unitColumns, unitRows>;

// Loads from memory[at] on, with a row at every `stride`, or a column if `transposed`.
fn loadLeft(at: u32, stride: u32, transposed: bool) -> LeftUnit {
  if (transposed) {
    return subgroupMatrixLoad<LeftUnit, col_major>(&memory, at, stride);
  }
  return subgroupMatrixLoad<LeftUnit, row_major>(&memory, at, stride);
}

fn loadRight(at: u32, stride: u32, transposed: bool) -> RightUnit {
  if (transposed) {
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
