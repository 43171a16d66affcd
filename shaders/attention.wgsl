// Rotary position embedding (Su et al. 2021, arXiv 2104.09864, half-split as in Hugging Face LLaMA) and causal
// grouped-query attention with a streaming softmax (Dao et al. 2022, arXiv 2205.14135): nothing of O(sequence²) is stored.
//
// A row of `qkv` holds the query heads, then the key heads, then the value heads.
//   rotate            queries and keys in place
//   forward           output = softmax(q kᵀ / sqrt(width)) v; logSums = each row's log-sum-exp, a value a (row, head)
//   backwardQuery     the query part of qkvGradient =, and deltas = dot(output, outputGradient), a value a (row, head)
//   backwardKeyValue  the key and value parts of qkvGradient =; needs `deltas`
// Backward recomputes the probabilities from logSums and rotates its results back, so qkvGradient is that of the
// projection before `rotate`.
//
// One invocation a query (or key) of one head; a workgroup's invocations are neighbours in the sequence and walk over
// the same keys (queries) together, so those loads are broadcasts. `headVectors`, a head's width in vec4, is a constant
// written above this text, since it sizes arrays; it is even.

struct Shape {
  sequence: u32,
  heads: u32,
  keyValueHeads: u32,
  rows: u32,
  stride: u32, // rotate: invocations in one line of the dispatch
}

const half = headVectors / 2;
const lowest = -3.0e38;

override lanes: u32 = 8;
override rotateLanes: u32 = 64;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> rotation: array<vec4f>; // a position: `half` cosines, then `half` sines
@group(0) @binding(2) var<storage, read_write> rotated: array<vec4f>;
@group(0) @binding(3) var<storage, read> qkv: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> output: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> logSums: array<f32>;
@group(0) @binding(6) var<storage, read> savedOutput: array<vec4f>;
@group(0) @binding(7) var<storage, read> savedLogSums: array<f32>;
@group(0) @binding(8) var<storage, read> outputGradient: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> deltas: array<f32>;
@group(0) @binding(10) var<storage, read> savedDeltas: array<f32>;
@group(0) @binding(11) var<storage, read_write> qkvGradient: array<vec4f>;

fn rowVectors() -> u32 {
  return (shape.heads + 2 * shape.keyValueHeads) * headVectors;
}

fn scoreScale() -> f32 {
  return 1.0 / sqrt(f32(4 * headVectors));
}

@compute @workgroup_size(rotateLanes)
fn rotate(@builtin(global_invocation_id) id: vec3u) {
  let at = id.y * shape.stride + id.x;
  let turning = (shape.heads + shape.keyValueHeads) * half;
  if (at >= shape.rows * turning) {
    return;
  }
  let row = at / turning;
  let head = at % turning / half;
  let i = at % half;
  let angle = row % shape.sequence * headVectors + i;
  let cosine = rotation[angle];
  let sine = rotation[angle + half];
  let low = row * rowVectors() + head * headVectors + i;
  let x = rotated[low];
  let y = rotated[low + half];
  rotated[low] = x * cosine - y * sine;
  rotated[low + half] = y * cosine + x * sine;
}

@compute @workgroup_size(lanes)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let head = group.y;
  let first = group.z * shape.sequence;
  let query = group.x * lanes + local.x;
  let row = first + min(query, shape.sequence - 1);
  let width = rowVectors();
  let keyHead = shape.heads + head / (shape.heads / shape.keyValueHeads);
  let keys = first * width + keyHead * headVectors;
  let values = keys + shape.keyValueHeads * headVectors;
  let scale = scoreScale();

  var q: array<vec4f, headVectors>;
  var sum: array<vec4f, headVectors>;
  for (var i = 0u; i < headVectors; i++) {
    q[i] = qkv[row * width + head * headVectors + i] * scale;
    sum[i] = vec4f();
  }
  var top = lowest;
  var total = 0.0;
  let end = min((group.x + 1) * lanes, shape.sequence);
  // Four keys at a time, so that the running sum is rescaled once for four.
  for (var key = 0u; key < end; key += 4) {
    let last = shape.sequence - 1;
    let k0 = min(key, last) * width;
    let k1 = min(key + 1, last) * width;
    let k2 = min(key + 2, last) * width;
    let k3 = min(key + 3, last) * width;
    var s0 = vec4f();
    var s1 = vec4f();
    var s2 = vec4f();
    var s3 = vec4f();
    for (var i = 0u; i < headVectors; i++) {
      s0 += q[i] * qkv[keys + k0 + i];
      s1 += q[i] * qkv[keys + k1 + i];
      s2 += q[i] * qkv[keys + k2 + i];
      s3 += q[i] * qkv[keys + k3 + i];
    }
    let one = vec4f(1);
    let every = vec4f(dot(s0, one), dot(s1, one), dot(s2, one), dot(s3, one));
    let seen = vec4u(key, key + 1, key + 2, key + 3) <= vec4u(query);
    let score = select(vec4f(lowest), every, seen);
    let newTop = max(top, max(max(score.x, score.y), max(score.z, score.w)));
    let shrink = exp(top - newTop);
    let p = select(vec4f(), exp(score - newTop), seen);
    total = total * shrink + dot(p, one);
    for (var i = 0u; i < headVectors; i++) {
      sum[i] = sum[i] * shrink + p.x * qkv[values + k0 + i] + p.y * qkv[values + k1 + i] +
        p.z * qkv[values + k2 + i] + p.w * qkv[values + k3 + i];
    }
    top = newTop;
  }
  if (query < shape.sequence) {
    for (var i = 0u; i < headVectors; i++) {
      output[(row * shape.heads + head) * headVectors + i] = sum[i] / total;
    }
    logSums[row * shape.heads + head] = top + log(total);
  }
}

@compute @workgroup_size(lanes)
fn backwardQuery(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let head = group.y;
  let first = group.z * shape.sequence;
  let query = group.x * lanes + local.x;
  let position = min(query, shape.sequence - 1);
  let row = first + position;
  let width = rowVectors();
  let keyHead = shape.heads + head / (shape.heads / shape.keyValueHeads);
  let keys = first * width + keyHead * headVectors;
  let values = keys + shape.keyValueHeads * headVectors;
  let scale = scoreScale();
  let own = (row * shape.heads + head) * headVectors;

  var q: array<vec4f, headVectors>;
  var upstream: array<vec4f, headVectors>;
  var sum: array<vec4f, headVectors>;
  var product = vec4f();
  for (var i = 0u; i < headVectors; i++) {
    q[i] = qkv[row * width + head * headVectors + i] * scale;
    upstream[i] = outputGradient[own + i];
    product += upstream[i] * savedOutput[own + i];
    sum[i] = vec4f();
  }
  let delta = dot(product, vec4f(1));
  let logSum = savedLogSums[row * shape.heads + head];
  let end = min((group.x + 1) * lanes, shape.sequence);
  for (var key = 0u; key < end; key++) {
    let k = keys + key * width;
    let v = values + key * width;
    var score = vec4f();
    var change = vec4f();
    for (var i = 0u; i < headVectors; i++) {
      score += q[i] * qkv[k + i];
      change += upstream[i] * qkv[v + i];
    }
    let p = select(0.0, exp(dot(score, vec4f(1)) - logSum), key <= query);
    let weight = p * (dot(change, vec4f(1)) - delta) * scale;
    for (var i = 0u; i < headVectors; i++) {
      sum[i] += weight * qkv[k + i];
    }
  }
  if (query < shape.sequence) {
    deltas[row * shape.heads + head] = delta;
    let to = row * width + head * headVectors;
    for (var i = 0u; i < half; i++) {
      let cosine = rotation[position * headVectors + i];
      let sine = rotation[position * headVectors + half + i];
      qkvGradient[to + i] = sum[i] * cosine + sum[i + half] * sine;
      qkvGradient[to + half + i] = sum[i + half] * cosine - sum[i] * sine;
    }
  }
}

@compute @workgroup_size(lanes)
fn backwardKeyValue(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let keyValueHead = group.y;
  let first = group.z * shape.sequence;
  let key = group.x * lanes + local.x;
  let position = min(key, shape.sequence - 1);
  let row = first + position;
  let width = rowVectors();
  let share = shape.heads / shape.keyValueHeads;
  let keyAt = row * width + (shape.heads + keyValueHead) * headVectors;
  let valueAt = keyAt + shape.keyValueHeads * headVectors;
  let scale = scoreScale();

  var k: array<vec4f, headVectors>;
  var v: array<vec4f, headVectors>;
  var keySum: array<vec4f, headVectors>;
  var valueSum: array<vec4f, headVectors>;
  for (var i = 0u; i < headVectors; i++) {
    k[i] = qkv[keyAt + i] * scale;
    v[i] = qkv[valueAt + i];
    keySum[i] = vec4f();
    valueSum[i] = vec4f();
  }
  for (var head = keyValueHead * share; head < (keyValueHead + 1) * share; head++) {
    for (var query = group.x * lanes; query < shape.sequence; query++) {
      let q = (first + query) * width + head * headVectors;
      let own = ((first + query) * shape.heads + head) * headVectors;
      var score = vec4f();
      var change = vec4f();
      for (var i = 0u; i < headVectors; i++) {
        score += k[i] * qkv[q + i];
        change += v[i] * outputGradient[own + i];
      }
      let at = (first + query) * shape.heads + head;
      let p = select(0.0, exp(dot(score, vec4f(1)) - savedLogSums[at]), key <= query);
      let weight = p * (dot(change, vec4f(1)) - savedDeltas[at]) * scale;
      for (var i = 0u; i < headVectors; i++) {
        keySum[i] += weight * qkv[q + i];
        valueSum[i] += p * outputGradient[own + i];
      }
    }
  }
  if (key < shape.sequence) {
    for (var i = 0u; i < half; i++) {
      let cosine = rotation[position * headVectors + i];
      let sine = rotation[position * headVectors + half + i];
      qkvGradient[keyAt + i] = keySum[i] * cosine + keySum[i + half] * sine;
      qkvGradient[keyAt + half + i] = keySum[i + half] * cosine - keySum[i] * sine;
    }
    for (var i = 0u; i < headVectors; i++) {
      qkvGradient[valueAt + i] = valueSum[i];
    }
  }
}
