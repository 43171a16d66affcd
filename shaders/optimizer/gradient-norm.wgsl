// Global gradient norm in two stages of fixed order, and the values derived from it for the update.
//
//   sumSquares  partials[firstPartial + i] = sum of squares of every `stride`-th vec4 from the i-th on, over one shard
//   clip        computes clipping from all partials, and updates scaling: a norm that is not finite skips the update and
//               halves the loss scale, or counts as stuck if the scale cannot be halved further;
//               `growthInterval` finite norms in a row double the scale, unless growthInterval is 0

struct Shape {
  vectors: u32,        // the shard's length in vec4
  stride: u32,         // number of partial sums of the shard; one invocation each
  firstPartial: u32,
  partials: u32,       // number of partial sums of all shards
  growthInterval: u32, // 0 keeps the loss scale
}

// Carried from step to step; client/train/optimizer/loss-scaling.ts reads and writes it.
struct Scaling {
  lossScale: f32,
  goodSteps: u32,
  firstWeight: f32,  // 1 - beta1^t, by the moment's own recurrence
  secondWeight: f32,
  appliedSteps: u32,
  skippedSteps: u32,
  stuckSteps: u32,   // skipped in a row while the loss scale could not be halved
}

const leastScale = 1.0;
// No gradient needs a larger scale. If all gradients are zero (no token counts), doubling would otherwise reach infinity.
const mostScale = 4294967296.0;

override lanes: u32 = 64;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<uniform> stepValues: StepValues;
@group(0) @binding(2) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> partials: array<f32>;
@group(0) @binding(4) var<storage, read> allPartials: array<f32>;
@group(0) @binding(5) var<storage, read_write> clipping: Clipping;
@group(0) @binding(6) var<storage, read_write> scaling: Scaling;

var<workgroup> parts: array<f32, 256>;

@compute @workgroup_size(lanes)
fn sumSquares(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= shape.stride) {
    return;
  }
  var sum = vec4f();
  for (var i = id.x; i < shape.vectors; i += shape.stride) {
    let g = gradient[i];
    sum += g * g;
  }
  partials[shape.firstPartial + id.x] = dot(sum, vec4f(1));
}

@compute @workgroup_size(lanes)
fn clip(@builtin(local_invocation_id) local: vec3u) {
  var part = 0.0;
  for (var i = local.x; i < shape.partials; i += lanes) {
    part += allPartials[i];
  }
  parts[local.x] = part;
  workgroupBarrier();
  if (local.x == 0u) {
    var sum = 0.0;
    for (var i = 0u; i < lanes; i++) {
      sum += parts[i];
    }
    judge(sum);
  }
}

fn judge(squares: f32) {
  let lossScale = scaling.lossScale;
  let norm = sqrt(squares) / lossScale;
  clipping.norm = norm;
  clipping.factor = min(1.0, stepValues.gradientClip / max(norm, 1e-30)) / lossScale;
  clipping.lossScale = lossScale;
  // Tests the bits, because a compiler may assume that no float is infinite or NaN.
  if ((bitcast<u32>(squares) & 0x7f800000u) == 0x7f800000u) {
    clipping.applies = 0u;
    scaling.skippedSteps += 1;
    scaling.goodSteps = 0u;
    if (shape.growthInterval > 0 && lossScale > leastScale) {
      scaling.lossScale = max(leastScale, lossScale / 2);
    } else {
      scaling.stuckSteps += 1;
    }
    return;
  }
  let firstWeight = stepValues.beta1 * scaling.firstWeight + stepValues.oneMinusBeta1;
  let secondWeight = stepValues.beta2 * scaling.secondWeight + stepValues.oneMinusBeta2;
  clipping.applies = 1u;
  clipping.correction1 = 1.0 / firstWeight;
  clipping.correction2 = 1.0 / secondWeight;
  scaling.firstWeight = firstWeight;
  scaling.secondWeight = secondWeight;
  scaling.appliedSteps += 1;
  scaling.goodSteps += 1;
  scaling.stuckSteps = 0u;
  if (shape.growthInterval > 0 && scaling.goodSteps >= shape.growthInterval) {
    scaling.lossScale = min(mostScale, lossScale * 2);
    scaling.goodSteps = 0u;
  }
}
