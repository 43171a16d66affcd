// Softmax cross-entropy; the probabilities are never stored in addition to the logits.
//
//   losses[r] = log(sum exp(logits[r])) - logits[r, target]: the row's negative log-probability, not weighted;
//               0 if the row has no target
//   logits    = (softmax(logits) - onehot(target)) weights[r]: the gradient, in place; 0 if the weight is 0
//
//   forwardBackward  both, if the bound logits are those of the whole vocabulary
//   forwardPart      losses, and the sums that the gradient needs, over the bound part of the vocabulary and the parts
//                    before it (an online softmax: Milakov and Gimelshein 2018, arXiv 1805.02867)
//   backwardPart     a part's logits to their gradient; runs after forwardPart of all parts
//
// The loss scale multiplies every weight, so that small gradients do not vanish in half precision. For `lanes` see rms-norm.wgsl.

struct Shape {
  rows: u32,
  vectors: u32,    // size of the vocabulary, or of its bound part, in vec4
  firstToken: u32, // first token of the part
  columns: u32,    // tokens of the bound part; the columns beyond them, up to three, are padding
}

struct Scaling {
  lossScale: f32,
}

const noTarget = 0xffffffffu;
const lowest = -3.0e38;

override lanes: u32 = 1;
override groups: u32 = 8; // rows of one workgroup; lanes * groups <= 256

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> weights: array<f32>; // of the rows; 0 if a row has no target
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read_write> logits: array<Stored>;
@group(0) @binding(4) var<storage, read_write> losses: array<f32>;
@group(0) @binding(5) var<storage, read> scaling: Scaling;
// (maximum, sum of exponentials relative to it, the target's logit) of each row, over the parts so far
@group(0) @binding(6) var<storage, read_write> sums: array<vec4f>;
@group(0) @binding(7) var<storage, read> savedSums: array<vec4f>;

var<workgroup> parts: array<vec2f, 256>;

// Four logits of a row of the bound part. Padding is lower than every logit, so that its probability is 0.
fn logitsAt(row: u32, vector: u32) -> vec4f {
  let column = vec4u(4 * vector) + vec4u(0, 1, 2, 3);
  return select(vec4f(lowest), vec4f(logits[row * shape.vectors + vector]), column < vec4u(shape.columns));
}

fn highest(v: vec4f) -> f32 {
  return max(max(v.x, v.y), max(v.z, v.w));
}

// (maximum, sum of exponentials relative to it) of the whole row, merged from all lanes. All invocations must call it.
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

// (maximum, sum) of a whole row of the bound logits. All invocations must call it.
fn sumRow(row: u32, lane: u32, group: u32) -> vec2f {
  var top = lowest;
  for (var i = lane; i < shape.vectors; i += lanes) {
    top = max(top, highest(logitsAt(row, i)));
  }
  var sum = vec4f();
  for (var i = lane; i < shape.vectors; i += lanes) {
    sum += exp(logitsAt(row, i) - top);
  }
  return mergeLanes(vec2f(top, dot(sum, vec4f(1))), lane, group);
}

// Replaces the lane's logits of a row by their gradient. `wanted` is the target's column in the bound part, or a column beyond
// it; `merged` is the row's (maximum, sum).
fn writeGradient(row: u32, lane: u32, wanted: u32, merged: vec2f) {
  let start = row * shape.vectors;
  let weight = weights[row] * scaling.lossScale;
  for (var i = lane; i < shape.vectors; i += lanes) {
    // A row of weight 0 has gradient 0 even if its logits are infinite: 0 times infinity would be NaN.
    if (weight == 0.0) {
      logits[start + i] = Stored();
    } else {
      let onehot = select(vec4f(), vec4f(1), vec4u(4 * i) + vec4u(0, 1, 2, 3) == vec4u(wanted));
      let probabilities = exp(logitsAt(row, i) - merged.x) / merged.y;
      logits[start + i] = Stored((probabilities - onehot) * weight);
    }
  }
}

@compute @workgroup_size(lanes, groups)
fn forwardBackward(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = min(id.y, shape.rows - 1);
  let merged = sumRow(row, local.x, local.y);
  if (id.y >= shape.rows) {
    return;
  }
  let wanted = targets[row];
  // The lane that overwrites the target's logit reads it first.
  if (wanted / 4 % lanes == local.x) {
    let logit = vec4f(logits[row * shape.vectors + min(wanted / 4, shape.vectors - 1)]);
    losses[row] = select(log(merged.y) + merged.x - logit[wanted % 4], 0.0, wanted == noTarget);
  }
  writeGradient(row, local.x, wanted, merged);
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
  let wanted = targets[row] - shape.firstToken; // far beyond the end if in an earlier part
  if (wanted / 4 < shape.vectors) {
    merged.z = f32(logits[row * shape.vectors + wanted / 4][wanted % 4]);
  }
  sums[row] = merged;
  losses[row] = select(log(merged.y) + merged.x - merged.z, 0.0, targets[row] == noTarget);
}

@compute @workgroup_size(lanes, groups)
fn backwardPart(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = id.y;
  if (row >= shape.rows) {
    return;
  }
  writeGradient(row, local.x, targets[row] - shape.firstToken, savedSums[row].xy);
}
