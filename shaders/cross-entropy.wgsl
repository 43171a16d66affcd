// Softmax cross-entropy; the probabilities are never stored beside the logits.
//
//   losses[r] = log(sum exp(logits[r])) - logits[r, target], 0 where the target is ignored
//   logits    = (softmax(logits) - onehot(target)) weight: the gradient, in place; 0 where the target is ignored
//
//   forwardBackward  both, where all logits of a row are there at once
//   forwardPart      losses, and what the gradient needs, of the part of the vocabulary whose logits are bound and of the
//                    parts before it (an online softmax: Milakov and Gimelshein 2018, arXiv 1805.02867)
//   backwardPart     a part's logits to their gradient, once every part has been through forwardPart
//
// The weight is 1 / (counted targets), so that the gradient is that of the mean, times the loss scale, which keeps half
// precision from losing it. `lanes` as in rms-norm.wgsl.

struct Shape {
  rows: u32,
  vectors: u32,    // the vocabulary, or the part of it, in vec4
  firstToken: u32, // where the part begins
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
// (maximum, sum of exponentials relative to it, the target's logit) of each row, over the parts so far
@group(0) @binding(6) var<storage, read_write> sums: array<vec4f>;
@group(0) @binding(7) var<storage, read> savedSums: array<vec4f>;

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

// (maximum, sum) of a whole row of the logits that are bound. Reached by all invocations.
fn sumRow(row: u32, lane: u32, group: u32) -> vec2f {
  let start = row * shape.vectors;
  var top = lowest;
  for (var i = lane; i < shape.vectors; i += lanes) {
    top = max(top, highest(vec4f(logits[start + i])));
  }
  var sum = vec4f();
  for (var i = lane; i < shape.vectors; i += lanes) {
    sum += exp(vec4f(logits[start + i]) - top);
  }
  return mergeLanes(vec2f(top, dot(sum, vec4f(1))), lane, group);
}

// One vec4 of a row's gradient. `wanted` is the target's column among those that are bound, or beyond them.
fn gradientOf(logit: vec4f, i: u32, wanted: u32, merged: vec2f, weight: f32) -> vec4f {
  let onehot = select(vec4f(), vec4f(1), vec4u(4 * i) + vec4u(0, 1, 2, 3) == vec4u(wanted));
  return (exp(logit - merged.x) / merged.y - onehot) * weight;
}

fn clearRow(row: u32, lane: u32) {
  for (var i = lane; i < shape.vectors; i += lanes) {
    logits[row * shape.vectors + i] = Stored();
  }
}

@compute @workgroup_size(lanes, groups)
fn forwardBackward(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = min(id.y, shape.rows - 1);
  let start = row * shape.vectors;
  let merged = sumRow(row, local.x, local.y);
  if (id.y >= shape.rows) {
    return;
  }
  let wanted = targets[row];
  if (wanted == ignored) {
    clearRow(row, local.x);
    if (local.x == 0u) {
      losses[row] = 0.0;
    }
    return;
  }
  let weight = stepValues.targetWeight * scaling.lossScale;
  for (var i = local.x; i < shape.vectors; i += lanes) {
    let logit = vec4f(logits[start + i]);
    if (wanted / 4 == i) {
      losses[row] = log(merged.y) + merged.x - logit[wanted % 4];
    }
    logits[start + i] = Stored(gradientOf(logit, i, wanted, merged, weight));
  }
}

@compute @workgroup_size(lanes, groups)
fn forwardPart(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = min(id.y, shape.rows - 1);
  let part = sumRow(row, local.x, local.y);
  if (id.y >= shape.rows || local.x != 0u) {
    return;
  }
  var merged = vec4f(part, 0, 0);
  if (shape.firstToken > 0u) {
    let before = sums[row];
    let top = max(before.x, part.x);
    merged = vec4f(top, before.y * exp(before.x - top) + part.y * exp(part.x - top), before.z, 0);
  }
  let wanted = targets[row] - shape.firstToken; // of an earlier part: far beyond the end
  if (wanted / 4 < shape.vectors) {
    merged.z = f32(logits[row * shape.vectors + wanted / 4][wanted % 4]);
  }
  sums[row] = merged;
  losses[row] = select(log(merged.y) + merged.x - merged.z, 0.0, targets[row] == ignored);
}

@compute @workgroup_size(lanes, groups)
fn backwardPart(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = id.y;
  if (row >= shape.rows) {
    return;
  }
  if (targets[row] == ignored) {
    clearRow(row, local.x);
    return;
  }
  let start = row * shape.vectors;
  let wanted = targets[row] - shape.firstToken;
  let weight = stepValues.targetWeight * scaling.lossScale;
  for (var i = local.x; i < shape.vectors; i += lanes) {
    let logit = vec4f(logits[start + i]);
    logits[start + i] = Stored(gradientOf(logit, i, wanted, savedSums[row].xy, weight));
  }
}
