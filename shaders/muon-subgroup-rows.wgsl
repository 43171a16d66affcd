// Rows of muon-products.wgsl, where a workgroup is one subgroup of 8 lanes, numbered alike: they need the same four rows of
// `left`, so each lane reads one of them for all.
fn leftRows(at: u32, depth: u32, lane: u32) -> mat4x4f {
  let own = left[at + lane % 4 * depth];
  return mat4x4f(
    subgroupShuffle(own, 0u), subgroupShuffle(own, 1u), subgroupShuffle(own, 2u), subgroupShuffle(own, 3u),
  );
}
