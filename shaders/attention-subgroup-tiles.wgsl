
// Tiles of attention.wgsl with 8 rows, where a workgroup is one subgroup of 8 lanes, numbered alike: each lane reads one
// row and passes it round. Loads go lane by lane on a CPU adapter, so this is an eighth of the work.

const tileRows = 8u;

fn highRows(start: u32) -> vec4u {
  return fourFrom(start + 4);
}

// Where `offset` within this lane's row of the tile is; rows beyond the sequence repeat its last.
fn tilePlaces(first: u32, start: u32, lane: u32, stride: u32, offset: u32) -> u32 {
  return (first + min(start + lane, shape.sequence - 1)) * stride + offset;
}

fn rowsOfLanes(x: vec4f) -> TileVectors {
  return TileVectors(
    mat4x4f(
      subgroupBroadcast(x, 0u), subgroupBroadcast(x, 1u), subgroupBroadcast(x, 2u), subgroupBroadcast(x, 3u)),
    mat4x4f(
      subgroupBroadcast(x, 4u), subgroupBroadcast(x, 5u), subgroupBroadcast(x, 6u), subgroupBroadcast(x, 7u)),
  );
}

fn valuesOfLanes(x: f32) -> TileValues {
  return TileValues(
    vec4f(subgroupBroadcast(x, 0u), subgroupBroadcast(x, 1u), subgroupBroadcast(x, 2u), subgroupBroadcast(x, 3u)),
    vec4f(subgroupBroadcast(x, 4u), subgroupBroadcast(x, 5u), subgroupBroadcast(x, 6u), subgroupBroadcast(x, 7u)),
  );
}

fn qkvTile(at: u32, i: u32) -> TileVectors {
  return rowsOfLanes(vec4f(qkv[at + i]));
}

fn outputGradientTile(at: u32, i: u32) -> TileVectors {
  return rowsOfLanes(vec4f(outputGradient[at + i]));
}

fn logSumTile(at: u32) -> TileValues {
  return valuesOfLanes(savedLogSums[at]);
}

fn deltaTile(at: u32) -> TileValues {
  return valuesOfLanes(savedDeltas[at]);
}
