// Softmax cross-entropy, loss and gradient in one kernel, so that the probabilities are never stored beside the logits.
//
//   losses[r] = log(sum exp(logits[r])) - logits[r, target], 0 where the target is ignored
//   logits    = (softmax(logits) - onehot(target)) weight: the gradient, in place; 0 where the target is ignored
//
// The weight is 1 / (counted targets), so that the gradient is that of the mean, times the loss scale, which keeps half
// precision from losing it. `lanes` as in rms-norm.wgsl.

struct Shape {
  rows: u32,
  vectors: u32, // the vocabulary in vec4
}

struct StepValues {
  targetWeight: f32,
}

struct Scaling {
  lossScale: f32,
}

const ignored = 0xffffffffu;
const lowest = -3.0e38;

override lanes: u32 = 1;
override groups: u32 = 8; // rows of one workgroup; lanes * groups <= 256

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<uniform> stepValues: StepValues;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read_write> logits: array<Stored>;
@group(0) @binding(4) var<storage, read_write> losses: array<f32>;
@group(0) @binding(5) var<storage, read> scaling: Scaling;

var<workgroup> parts: array<vec2f, 256>;

fn highest(v: vec4f) -> f32 {
  return max(max(v.x, v.y), max(v.z, v.w));
}

// (maximum, sum of exponentials relative to it) of the whole row, from each lane's own. Reached by all invocations.
fn mergeLanes(part: vec2f, lane: u32, group: u32) -> vec2f {
  if (lanes == 1u) {
    return part;
  }
  parts[group * lanes + lane] = part;
  workgroupBarrier();
  var top = lowest;
  for (var i = 0u; i < lanes; i++) {
    top = max(top, parts[group * lanes + i].x);
  }
  var sum = 0.0;
  for (var i = 0u; i < lanes; i++) {
    let other = parts[group * lanes + i];
    sum += other.y * exp(other.x - top);
  }
  return vec2f(top, sum);
}

@compute @workgroup_size(lanes, groups)
fn forwardBackward(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = min(id.y, shape.rows - 1);
  let start = row * shape.vectors;
  var ownTop = lowest;
  for (var i = local.x; i < shape.vectors; i += lanes) {
    ownTop = max(ownTop, highest(vec4f(logits[start + i])));
  }
  var ownSum = vec4f();
  for (var i = local.x; i < shape.vectors; i += lanes) {
    ownSum += exp(vec4f(logits[start + i]) - ownTop);
  }
  let merged = mergeLanes(vec2f(ownTop, dot(ownSum, vec4f(1))), local.x, local.y);
  if (id.y >= shape.rows) {
    return;
  }
  let wanted = targets[row];
  if (wanted == ignored) {
    for (var i = local.x; i < shape.vectors; i += lanes) {
      logits[start + i] = Stored();
    }
    if (local.x == 0u) {
      losses[row] = 0.0;
    }
    return;
  }
  let weight = stepValues.targetWeight * scaling.lossScale;
  let scale = weight / merged.y;
  for (var i = local.x; i < shape.vectors; i += lanes) {
    let logit = vec4f(logits[start + i]);
    var gradient = exp(logit - merged.x) * scale;
    if (wanted / 4 == i) {
      losses[row] = log(merged.y) + merged.x - logit[wanted % 4];
      gradient -= select(vec4f(), vec4f(weight), vec4u(0, 1, 2, 3) == vec4u(wanted % 4));
    }
    logits[start + i] = Stored(gradient);
  }
}
