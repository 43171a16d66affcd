// Rows of muon-products.wgsl, where every invocation reads for itself. Columns are four rows of `left` from `at` on.
fn leftRows(at: u32, depth: u32, lane: u32) -> mat4x4f {
  return mat4x4f(left[at], left[at + depth], left[at + 2 * depth], left[at + 3 * depth]);
}
