
// Tiles of attention.wgsl, read by every invocation for itself.

struct TilePlaces {
  low: vec4u,
  high: vec4u,
}

// Where `offset` within each row of the tile is; rows beyond the sequence repeat its last. `lane` is not needed here.
fn tilePlaces(first: u32, start: u32, lane: u32, stride: u32, offset: u32) -> TilePlaces {
  let last = vec4u(shape.sequence - 1);
  return TilePlaces(
    (first + min(fourFrom(start), last)) * stride + offset,
    (first + min(fourFrom(start + 4), last)) * stride + offset,
  );
}

fn qkvTile(at: TilePlaces, i: u32) -> EightRows {
  return EightRows(qkvAt(at.low + i), qkvAt(at.high + i));
}

fn outputGradientTile(at: TilePlaces, i: u32) -> EightRows {
  return EightRows(outputGradientAt(at.low + i), outputGradientAt(at.high + i));
}

fn logSumTile(at: TilePlaces) -> EightValues {
  let low = at.low;
  let high = at.high;
  return EightValues(
    vec4f(savedLogSums[low.x], savedLogSums[low.y], savedLogSums[low.z], savedLogSums[low.w]),
    vec4f(savedLogSums[high.x], savedLogSums[high.y], savedLogSums[high.z], savedLogSums[high.w]),
  );
}

fn deltaTile(at: TilePlaces) -> EightValues {
  let low = at.low;
  let high = at.high;
  return EightValues(
    vec4f(savedDeltas[low.x], savedDeltas[low.y], savedDeltas[low.z], savedDeltas[low.w]),
    vec4f(savedDeltas[high.x], savedDeltas[high.y], savedDeltas[high.z], savedDeltas[high.w]),
  );
}
