
// Tiles of attention-rows.wgsl with 8 rows, where a workgroup is one subgroup of 8 lanes, numbered alike: each lane reads one
// row and passes it round. Loads go lane by lane on a CPU adapter, so this is an eighth of the work.

const tileRows = 8u;

fn tileRow(lane: u32) -> u32 {
  return lane;
}

fn passed(x: vec4f, row: u32) -> vec4f {
  return subgroupShuffle(x, row);
}
