// Causal grouped-query attention with a streaming softmax (Dao et al. 2022, arXiv 2205.14135): nothing of O(sequence²) is
// stored. Queries and keys come with their rotary positions (linear.wgsl).
//
// A row of `qkv` holds the query heads, then the key heads, then the value heads.
//   forward           output = softmax(q kᵀ / sqrt(width)) v; logSums = each row's log-sum-exp, a value a (row, head)
//   backwardQuery     the query part of qkvGradient =, and deltas = dot(output, outputGradient), a value a (row, head)
//   backwardKeyValue  the key and value parts of qkvGradient =; needs `deltas`
// Backward recomputes the probabilities from logSums and rotates its results back, so qkvGradient is that of the
// projection before the rotary positions.
//
// Followed by one of the files that have the loops; `headVectors` is theirs: a head's width in vec4, even, at most 32.

struct Shape {
  sequence: u32,
  heads: u32,
  keyValueHeads: u32,
  headVectors: u32,
  rows: u32,
}

const lowest = -3.0e38;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> rotation: array<vec4f>; // a position: half a head of cosines, then of sines
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
