// Causal grouped-query attention within documents, with a streaming softmax (Dao et al. 2022, arXiv 2205.14135): it needs no memory of
// O(sequence²). Queries and keys have already been rotated by their positions (linear.wgsl).
//
// A row of `qkv` holds the query heads, then the key heads, then the value heads.
//   forward           output = softmax(q kᵀ / sqrt(width)) v; logSums = each row's log-sum-exp, a value a (row, head)
//   backwardQuery     the query part of qkvGradient =, and deltas = dot(output, outputGradient), a value a (row, head)
//   backwardKeyValue  the key and value parts of qkvGradient =; needs `deltas`
// Backward recomputes the probabilities from logSums and reverses the rotation of its results, so that qkvGradient is the
// gradient of the projection before rotary positions.
//
// One of the files with the loops must follow. They define `headVectors`: a head's width in vec4, even, at most 32.

struct Shape {
  sequence: u32,
  heads: u32,
  keyValueHeads: u32,
  headVectors: u32,
  rows: u32,
}

const lowest = -3.0e38;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> rotation: array<vec4f>; // for each position half a head of cosines, then of sines
// For each row the number of positions in its window before its document and after it; a window of one document has zeros.
@group(0) @binding(2) var<storage, read> documents: array<vec2u>;
@group(0) @binding(3) var<storage, read> qkv: array<Stored>;
@group(0) @binding(4) var<storage, read_write> output: array<Stored>;
@group(0) @binding(5) var<storage, read_write> logSums: array<f32>;
@group(0) @binding(6) var<storage, read> savedOutput: array<Stored>;
@group(0) @binding(7) var<storage, read> savedLogSums: array<f32>;
@group(0) @binding(8) var<storage, read> outputGradient: array<Stored>;
@group(0) @binding(9) var<storage, read_write> deltas: array<f32>;
@group(0) @binding(10) var<storage, read> savedDeltas: array<f32>;
@group(0) @binding(11) var<storage, read_write> qkvGradient: array<Stored>;

fn rowVectors() -> u32 {
  return (shape.heads + 2 * shape.keyValueHeads) * headVectors;
}

fn scoreScale() -> f32 {
  return 1.0 / sqrt(f32(4 * headVectors));
}

// A query sees the keys of its document up to its own position: from documentStart of the query on. So a key is seen by the
// queries from its own position on, up to but excluding documentEnd of the key. `first` is the window's first row; a position
// beyond the sequence has the document of the last.
fn documentStart(first: u32, position: u32) -> u32 {
  return documents[first + min(position, shape.sequence - 1)].x;
}

fn documentEnd(first: u32, position: u32) -> u32 {
  return shape.sequence - documents[first + min(position, shape.sequence - 1)].y;
}

fn documentStarts(first: u32, position: vec4u) -> vec4u {
  return vec4u(
    documentStart(first, position.x), documentStart(first, position.y),
    documentStart(first, position.z), documentStart(first, position.w));
}

fn documentEnds(first: u32, position: vec4u) -> vec4u {
  return vec4u(
    documentEnd(first, position.x), documentEnd(first, position.y),
    documentEnd(first, position.z), documentEnd(first, position.w));
}
