
// Tiles of attention.wgsl with 4 rows, read by every invocation for itself. The high four are zero and the compiler drops
// what is computed of them: kernels that read 8 rows so compile twice as long on CPU adapters and run no faster.

const tileRows = 4u;

// No row is as late as this, so the high ones are masked.
fn highRows(start: u32) -> vec4u {
  return vec4u(0xffffffffu);
}

// Where `offset` within each row of the tile is; rows beyond the sequence repeat its last. `lane` is not needed here.
fn tilePlaces(first: u32, start: u32, lane: u32, stride: u32, offset: u32) -> vec4u {
  return (first + min(fourFrom(start), vec4u(shape.sequence - 1))) * stride + offset;
}

fn qkvTile(at: vec4u, i: u32) -> TileVectors {
  return TileVectors(qkvAt(at + i), mat4x4f());
}

fn outputGradientTile(at: vec4u, i: u32) -> TileVectors {
  return TileVectors(outputGradientAt(at + i), mat4x4f());
}

fn logSumTile(at: vec4u) -> TileValues {
  let low = vec4f(savedLogSums[at.x], savedLogSums[at.y], savedLogSums[at.z], savedLogSums[at.w]);
  return TileValues(low, vec4f());
}

fn deltaTile(at: vec4u) -> TileValues {
  let low = vec4f(savedDeltas[at.x], savedDeltas[at.y], savedDeltas[at.z], savedDeltas[at.w]);
  return TileValues(low, vec4f());
}
