// The chunks of a part of a vector, of each of which some values are chosen; choose.wgsl or leave.wgsl follows.

struct Shape {
  values: u32,     // of the part
  chunk: u32,      // at most 4096
  top: u32,        // how many are chosen of a whole chunk
  chunks: u32,     // of the part; the last may be shorter
  firstChunk: u32, // number of the part's first chunk
}

@group(0) @binding(0) var<uniform> shape: Shape;

fn sizeOf(chunk: u32) -> u32 {
  return min(shape.chunk, shape.values - chunk * shape.chunk);
}

// How many values are chosen of a chunk of this size.
fn countOf(size: u32) -> u32 {
  return (size * shape.top + shape.chunk - 1) / shape.chunk;
}

