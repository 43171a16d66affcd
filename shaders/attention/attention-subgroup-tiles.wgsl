
// Tiles of attention-rows.wgsl with 8 rows; a workgroup is one subgroup of 8 lanes with the same numbering. Each lane reads one
// row and shares it. Loads run lane by lane on a CPU adapter, so this makes an eighth of the loads.

const tileRows = 8u;

fn tileRow(lane: u32) -> u32 {
  return lane;
}

fn passed(x: vec4f, row: u32) -> vec4f {
  return subgroupShuffle(x, row);
}
