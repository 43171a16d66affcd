// A head with one score a row, the product of the row with a vector. Its loss is the negative score, so that an objective reads
// it like the negative log-probability of the head with logits.
//
//   forward         losses[r] = -dot(input[r], weight)
//   backward        inputGradient[r] = -weights[r] weight
//   backwardWeight  weightGradient = (or, with `accumulate`, +=) the sum of -weights[r] input[r]
//
// The loss scale multiplies every weight of a row, as in cross-entropy.wgsl.

struct Shape {
  rows: u32,
  vectors: u32, // width in vec4
  accumulate: u32,
}

struct Scaling {
  lossScale: f32,
}

override lanes: u32 = 64;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> input: array<Stored>;
@group(0) @binding(2) var<storage, read> weight: array<Stored>;
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;
@group(0) @binding(4) var<storage, read> weights: array<f32>; // of the rows
@group(0) @binding(5) var<storage, read> scaling: Scaling;
@group(0) @binding(6) var<storage, read_write> inputGradient: array<Stored>;
@group(0) @binding(7) var<storage, read_write> weightGradient: array<vec4f>;

@compute @workgroup_size(lanes)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.x + id.y * groups.x * lanes;
  if (row >= shape.rows) {
    return;
  }
  var score = 0.0;
  for (var i = 0u; i < shape.vectors; i++) {
    score += dot(vec4f(input[row * shape.vectors + i]), vec4f(weight[i]));
  }
  losses[row] = -score;
}

@compute @workgroup_size(lanes)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * lanes;
  if (at >= shape.rows * shape.vectors) {
    return;
  }
  let slope = -weights[at / shape.vectors] * scaling.lossScale;
  inputGradient[at] = Stored(slope * vec4f(weight[at % shape.vectors]));
}

@compute @workgroup_size(lanes)
fn backwardWeight(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= shape.vectors) {
    return;
  }
  var sum = vec4f();
  for (var row = 0u; row < shape.rows; row++) {
    // Few rows are scored.
    if (weights[row] != 0.0) {
      sum -= weights[row] * scaling.lossScale * vec4f(input[row * shape.vectors + id.x]);
    }
  }
  weightGradient[id.x] = sum + select(vec4f(), weightGradient[id.x], shape.accumulate == 1u);
}
