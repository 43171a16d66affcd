// AdamW with decoupled decay (Loshchilov and Hutter 2019, arXiv 1711.05101) over one shard of the flat vector, in place.
// The gradient is first scaled by clipping[1] (gradient-norm.wgsl). Gaps between tensors have zero gradient, stay zero.

struct Shape {
  vectors: u32,    // the shard's length in vec4
  firstBlock: u32, // where in `decays` the shard begins
}

struct StepValues {
  lossScale: f32,
  gradientClip: f32,
  learningRate: f32,
  weightDecay: f32,
  beta1: f32,
  beta2: f32,
  oneMinusBeta1: f32,
  oneMinusBeta2: f32,
  correction1: f32, // 1 / (1 - beta1^t)
  correction2: f32, // 1 / (1 - beta2^t)
  epsilon: f32,
}

override lanes: u32 = 64;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<uniform> stepValues: StepValues;
@group(0) @binding(2) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read> clipping: array<f32>;
@group(0) @binding(4) var<storage, read> decays: array<f32>; // 1 or 0 for each block of 64 elements
@group(0) @binding(5) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> firstMoment: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> secondMoment: array<vec4f>;

@compute @workgroup_size(lanes)
fn update(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * lanes + id.x;
  if (at >= shape.vectors) {
    return;
  }
  let g = gradient[at] * clipping[1];
  let first = stepValues.beta1 * firstMoment[at] + stepValues.oneMinusBeta1 * g;
  let second = stepValues.beta2 * secondMoment[at] + stepValues.oneMinusBeta2 * g * g;
  firstMoment[at] = first;
  secondMoment[at] = second;
  let direction = first * stepValues.correction1 / (sqrt(second * stepValues.correction2) + stepValues.epsilon);
  let old = parameters[at];
  parameters[at] = old - stepValues.learningRate * (direction + stepValues.weightDecay * decays[shape.firstBlock + at / 16] * old);
}
