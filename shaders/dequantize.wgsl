// Blocks of 32 values of 8 bits with a common scale (ggml's q8_0), as a matrix in a program's storage: value times scale.

struct Shape {
  vectors: u32,
}

override lanes: u32 = 64;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> quantized: array<u32>; // four values in each word, the first in the lowest bits
@group(0) @binding(2) var<storage, read> scales: array<u32>;    // two halves in each word, one for each block
@group(0) @binding(3) var<storage, read_write> weights: array<Stored>;

@compute @workgroup_size(lanes)
fn dequantize(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * lanes + id.x;
  if (at >= shape.vectors) {
    return;
  }
  let word = quantized[at];
  let values = bitcast<vec4i>(vec4u(word << 24, word << 16, word << 8, word)) >> vec4u(24);
  let pair = unpack2x16float(scales[at / 16]);
  let scale = select(pair.x, pair.y, at / 8 % 2 == 1);
  weights[at] = Stored(vec4f(values) * scale);
}
