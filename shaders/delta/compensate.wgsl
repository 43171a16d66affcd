// Error feedback (client/contribute/round/error-feedback.ts): one part of a vector of a node's residual becomes delta + decay x residual,
// where the delta is base - parameters. Each product, difference and sum is rounded to f32 on its own, as the processor's encoder does.
//
//   partials[firstPartial + i] = sum of squares of the delta of every `stride`-th vec4 from the i-th on

struct Shape {
  vectors: u32,      // the part's length in vec4
  stride: u32,       // number of partial sums of the part; one invocation each
  firstPartial: u32,
  zero: u32,         // always 0, which no compiler knows
  decay: f32,
}

override lanes: u32 = 64;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> base: array<vec4f>;
@group(0) @binding(2) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> residual: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> partials: array<f32>;

// The value itself. A compiler cannot fuse the operations before and after into one that rounds once, or reorder them.
fn rounded(value: vec4f) -> vec4f {
  return bitcast<vec4f>(bitcast<vec4u>(value) ^ vec4u(shape.zero));
}

@compute @workgroup_size(lanes)
fn compensate(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= shape.stride) {
    return;
  }
  var sum = vec4f();
  for (var i = id.x; i < shape.vectors; i += shape.stride) {
    let delta = rounded(base[i] - parameters[i]);
    residual[i] = delta + rounded(shape.decay * residual[i]);
    sum += delta * delta;
  }
  partials[shape.firstPartial + id.x] = dot(sum, vec4f(1));
}
