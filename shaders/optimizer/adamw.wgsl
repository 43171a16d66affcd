// AdamW with decoupled decay (Loshchilov and Hutter 2019, arXiv 1711.05101) over one shard of the flat vector, in place.
// The results of gradient-norm.wgsl determine how the gradient is scaled, and whether there is an update. Gaps between tensors
// have gradient zero and stay zero.

struct Shape {
  vectors: u32,    // the shard's length in vec4
  firstBlock: u32, // index in `rules` of the shard's first block
}

const decays = 1u;
const leftAlone = 2u;

override lanes: u32 = 64;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<uniform> stepValues: StepValues;
@group(0) @binding(2) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read> clipping: Clipping;
@group(0) @binding(4) var<storage, read> rules: array<u32>; // one for each block of 64 elements
@group(0) @binding(5) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> firstMoment: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> secondMoment: array<vec4f>;

@compute @workgroup_size(lanes)
fn update(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * lanes + id.x;
  if (at >= shape.vectors || clipping.applies == 0u) {
    return;
  }
  let rule = rules[shape.firstBlock + at / 16];
  if (rule == leftAlone) {
    return;
  }
  let g = gradient[at] * clipping.factor;
  let first = stepValues.beta1 * firstMoment[at] + stepValues.oneMinusBeta1 * g;
  let second = stepValues.beta2 * secondMoment[at] + stepValues.oneMinusBeta2 * g * g;
  firstMoment[at] = first;
  secondMoment[at] = second;
  let direction = first * clipping.correction1 / (sqrt(second * clipping.correction2) + stepValues.epsilon);
  let old = parameters[at];
  let decay = select(0.0, stepValues.weightDecay, rule == decays);
  parameters[at] = old - stepValues.learningRate * (direction + decay * old);
}
