// SwiGLU (Shazeer 2020, arXiv 2002.05202): y = silu(gate) up, where each row of `projected` is gate then up.
//
//   forward   output =                one invocation a vec4 of the output
//   backward  projectedGradient =     gate and up parts at once

struct Shape {
  rows: u32,
  vectors: u32, // the output's width in vec4; a projected row is twice that
  stride: u32,  // invocations in one line of the dispatch
}

override lanes: u32 = 64;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> projected: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> output: array<vec4f>;
@group(0) @binding(3) var<storage, read> outputGradient: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> projectedGradient: array<vec4f>;

fn sigmoid(x: vec4f) -> vec4f {
  return 1.0 / (1.0 + exp(-x));
}

@compute @workgroup_size(lanes)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let at = id.y * shape.stride + id.x;
  if (at >= shape.rows * shape.vectors) {
    return;
  }
  let gateAt = at + at / shape.vectors * shape.vectors;
  let gate = projected[gateAt];
  output[at] = gate * sigmoid(gate) * projected[gateAt + shape.vectors];
}

@compute @workgroup_size(lanes)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let at = id.y * shape.stride + id.x;
  if (at >= shape.rows * shape.vectors) {
    return;
  }
  let gateAt = at + at / shape.vectors * shape.vectors;
  let gate = projected[gateAt];
  let up = projected[gateAt + shape.vectors];
  let gradient = outputGradient[at];
  let s = sigmoid(gate);
  projectedGradient[gateAt] = gradient * up * s * (1.0 + gate * (1.0 - s));
  projectedGradient[gateAt + shape.vectors] = gradient * gate * s;
}
