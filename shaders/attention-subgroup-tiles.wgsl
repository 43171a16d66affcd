
// Tiles of attention.wgsl, where a workgroup is one subgroup of 8 lanes, numbered alike: each lane reads one of the 8 rows
// and passes it round. Loads go lane by lane on a CPU adapter, so this is an eighth of the work.

// The place of this lane's row.
alias TilePlaces = u32;

// Where `offset` within this lane's row of the tile is; rows beyond the sequence repeat its last.
fn tilePlaces(first: u32, start: u32, lane: u32, stride: u32, offset: u32) -> TilePlaces {
  return (first + min(start + lane, shape.sequence - 1)) * stride + offset;
}

fn rowsOfLanes(x: vec4f) -> EightRows {
  return EightRows(
    mat4x4f(
      subgroupBroadcast(x, 0u), subgroupBroadcast(x, 1u), subgroupBroadcast(x, 2u), subgroupBroadcast(x, 3u)),
    mat4x4f(
      subgroupBroadcast(x, 4u), subgroupBroadcast(x, 5u), subgroupBroadcast(x, 6u), subgroupBroadcast(x, 7u)),
  );
}

fn valuesOfLanes(x: f32) -> EightValues {
  return EightValues(
    vec4f(subgroupBroadcast(x, 0u), subgroupBroadcast(x, 1u), subgroupBroadcast(x, 2u), subgroupBroadcast(x, 3u)),
    vec4f(subgroupBroadcast(x, 4u), subgroupBroadcast(x, 5u), subgroupBroadcast(x, 6u), subgroupBroadcast(x, 7u)),
  );
}

fn qkvTile(at: TilePlaces, i: u32) -> EightRows {
  return rowsOfLanes(qkv[at + i]);
}

fn outputGradientTile(at: TilePlaces, i: u32) -> EightRows {
  return rowsOfLanes(outputGradient[at + i]);
}

fn logSumTile(at: TilePlaces) -> EightValues {
  return valuesOfLanes(savedLogSums[at]);
}

fn deltaTile(at: TilePlaces) -> EightValues {
  return valuesOfLanes(savedDeltas[at]);
}
