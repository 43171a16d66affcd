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
// One invocation owns 4 neighbouring queries (keys) of one head and walks over tiles of 4 keys (queries), as 4x4 matrices.
// Its sums stay where they will end up, in the output buffer: registers do not bound the head's width, and the kernel
// stays small, which is what CPU adapters compile slowly. Where the sequence ends within the 4, the missing ones repeat
// the last row and add nothing to it: no two invocations ever write the same row.

struct Shape {
  sequence: u32,
  heads: u32,
  keyValueHeads: u32,
  headVectors: u32, // a head's width in vec4, even
  rows: u32,
  stride: u32,      // rotate: invocations in one line of the dispatch
}

const lowest = -3.0e38;

override lanes: u32 = 8;
override rotateLanes: u32 = 64;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> rotation: array<vec4f>; // a position: half a head of cosines, then of sines
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
  return (shape.heads + 2 * shape.keyValueHeads) * shape.headVectors;
}

fn scoreScale() -> f32 {
  return 1.0 / sqrt(f32(4 * shape.headVectors));
}

fn fourFrom(first: u32) -> vec4u {
  return vec4u(first, first + 1, first + 2, first + 3);
}

// Column i of the result is vector `at[i]`.
fn qkvAt(at: vec4u) -> mat4x4f {
  return mat4x4f(qkv[at.x], qkv[at.y], qkv[at.z], qkv[at.w]);
}

fn outputGradientAt(at: vec4u) -> mat4x4f {
  return mat4x4f(outputGradient[at.x], outputGradient[at.y], outputGradient[at.z], outputGradient[at.w]);
}

fn highest(v: vec4f) -> f32 {
  return max(max(v.x, v.y), max(v.z, v.w));
}

@compute @workgroup_size(rotateLanes)
fn rotate(@builtin(global_invocation_id) id: vec3u) {
  let at = id.y * shape.stride + id.x;
  let half = shape.headVectors / 2;
  let turning = (shape.heads + shape.keyValueHeads) * half;
  if (at >= shape.rows * turning) {
    return;
  }
  let row = at / turning;
  let head = at % turning / half;
  let i = at % half;
  let angle = row % shape.sequence * shape.headVectors + i;
  let cosine = rotation[angle];
  let sine = rotation[angle + half];
  let low = row * rowVectors() + head * shape.headVectors + i;
  let x = rotated[low];
  let y = rotated[low + half];
  rotated[low] = x * cosine - y * sine;
  rotated[low + half] = y * cosine + x * sine;
}

@compute @workgroup_size(lanes)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let head = group.y;
  let first = group.z * shape.sequence;
  let last = vec4u(shape.sequence - 1);
  let width = shape.headVectors;
  let keyHead = shape.heads + head / (shape.heads / shape.keyValueHeads);
  let keysToValues = vec4u(shape.keyValueHeads * width);

  let place = fourFrom((group.x * lanes + local.x) * 4);
  if (place.x >= shape.sequence) {
    return;
  }
  let query = min(place, last);
  let missing = place > last;
  let rows = first + query;
  let queryAt = rows * rowVectors() + head * width;
  let outputAt = (rows * shape.heads + head) * width;
  let owned = min(4, shape.sequence - place.x);
  for (var i = 0u; i < owned * width; i++) {
    output[outputAt.x + i / width * shape.heads * width + i % width] = vec4f();
  }

  let scale = scoreScale();
  var top = vec4f(lowest);
  var total = vec4f();
  let end = min((group.x + 1) * lanes * 4, shape.sequence);
  for (var start = 0u; start < end; start += 4) {
    let key = fourFrom(start);
    let keyAt = (first + min(key, last)) * rowVectors() + keyHead * width;
    var scores = mat4x4f(); // a column a query, a row a key
    for (var i = 0u; i < width; i++) {
      scores += transpose(qkvAt(keyAt + i)) * qkvAt(queryAt + i);
    }
    let s0 = select(vec4f(lowest), scores[0] * scale, key <= vec4u(query.x));
    let s1 = select(vec4f(lowest), scores[1] * scale, key <= vec4u(query.y));
    let s2 = select(vec4f(lowest), scores[2] * scale, key <= vec4u(query.z));
    let s3 = select(vec4f(lowest), scores[3] * scale, key <= vec4u(query.w));
    // Key 0 is seen by every query, so from the first tile on `newTop` is a real score and masked ones vanish.
    let newTop = max(top, vec4f(highest(s0), highest(s1), highest(s2), highest(s3)));
    let p = mat4x4f(exp(s0 - newTop.x), exp(s1 - newTop.y), exp(s2 - newTop.z), exp(s3 - newTop.w));
    let shrink = exp(top - newTop);
    total = total * shrink + vec4f(1) * p;
    top = newTop;
    let kept = select(shrink, vec4f(1), missing);
    let added = select(vec4f(1), vec4f(), missing);
    for (var i = 0u; i < width; i++) {
      let sums = qkvAt(keyAt + keysToValues + i) * p;
      let at = outputAt + i;
      output[at.x] = output[at.x] * kept.x + sums[0];
      output[at.y] = output[at.y] * kept.y + sums[1] * added.y;
      output[at.z] = output[at.z] * kept.z + sums[2] * added.z;
      output[at.w] = output[at.w] * kept.w + sums[3] * added.w;
    }
  }
  for (var i = 0u; i < owned * width; i++) {
    let at = outputAt.x + i / width * shape.heads * width + i % width;
    output[at] = output[at] / total[i / width];
  }
  for (var i = 0u; i < owned; i++) {
    logSums[(rows.x + i) * shape.heads + head] = top[i] + log(total[i]);
  }
}

// Rotates `owned` heads of qkvGradient back, the first at `at` and each `rowVectors()` further, from `position` on.
fn rotateBack(at: u32, position: u32, owned: u32) {
  let half = shape.headVectors / 2;
  for (var i = 0u; i < owned * half; i++) {
    let low = at + i / half * rowVectors() + i % half;
    let angle = (position + i / half) * shape.headVectors + i % half;
    let cosine = rotation[angle];
    let sine = rotation[angle + half];
    let x = qkvGradient[low];
    let y = qkvGradient[low + half];
    qkvGradient[low] = x * cosine + y * sine;
    qkvGradient[low + half] = y * cosine - x * sine;
  }
}

// Adds a column to each of four places of qkvGradient.
fn addToGradient(at: vec4u, sums: mat4x4f) {
  qkvGradient[at.x] += sums[0];
  qkvGradient[at.y] += sums[1];
  qkvGradient[at.z] += sums[2];
  qkvGradient[at.w] += sums[3];
}

fn clearGradient(at: u32, owned: u32) {
  for (var i = 0u; i < owned * shape.headVectors; i++) {
    qkvGradient[at + i / shape.headVectors * rowVectors() + i % shape.headVectors] = vec4f();
  }
}

@compute @workgroup_size(lanes)
fn backwardQuery(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let head = group.y;
  let first = group.z * shape.sequence;
  let last = vec4u(shape.sequence - 1);
  let width = shape.headVectors;
  let keyHead = shape.heads + head / (shape.heads / shape.keyValueHeads);
  let keysToValues = vec4u(shape.keyValueHeads * width);

  let place = fourFrom((group.x * lanes + local.x) * 4);
  if (place.x >= shape.sequence) {
    return;
  }
  let query = min(place, last);
  let rows = first + query;
  let queryAt = rows * rowVectors() + head * width;
  let outputAt = (rows * shape.heads + head) * width;
  let owned = min(4, shape.sequence - place.x);
  clearGradient(queryAt.x, owned);
  var delta = vec4f();
  var logSum = vec4f();
  for (var c = 0u; c < owned; c++) {
    let at = (rows.x + c) * shape.heads + head;
    var product = vec4f();
    for (var i = 0u; i < width; i++) {
      product += outputGradient[at * width + i] * savedOutput[at * width + i];
    }
    delta[c] = dot(product, vec4f(1));
    logSum[c] = savedLogSums[at];
    deltas[at] = delta[c];
  }

  let scale = scoreScale();
  let seenBy = select(query + 1, vec4u(), place > last); // keys below this are seen; none by missing queries
  let end = min((group.x + 1) * lanes * 4, shape.sequence);
  for (var start = 0u; start < end; start += 4) {
    let key = fourFrom(start);
    let keyAt = (first + min(key, last)) * rowVectors() + keyHead * width;
    var scores = mat4x4f(); // a column a query, a row a key
    var changes = mat4x4f();
    for (var i = 0u; i < width; i++) {
      scores += transpose(qkvAt(keyAt + i)) * qkvAt(queryAt + i);
      changes += transpose(qkvAt(keyAt + keysToValues + i)) * outputGradientAt(outputAt + i);
    }
    let p0 = select(vec4f(), exp(scores[0] * scale - logSum.x), key < vec4u(seenBy.x));
    let p1 = select(vec4f(), exp(scores[1] * scale - logSum.y), key < vec4u(seenBy.y));
    let p2 = select(vec4f(), exp(scores[2] * scale - logSum.z), key < vec4u(seenBy.z));
    let p3 = select(vec4f(), exp(scores[3] * scale - logSum.w), key < vec4u(seenBy.w));
    let weights = scale * mat4x4f(
      p0 * (changes[0] - delta.x),
      p1 * (changes[1] - delta.y),
      p2 * (changes[2] - delta.z),
      p3 * (changes[3] - delta.w),
    );
    for (var i = 0u; i < width; i++) {
      addToGradient(queryAt + i, qkvAt(keyAt + i) * weights);
    }
  }
  rotateBack(queryAt.x, query.x, owned);
}

@compute @workgroup_size(lanes)
fn backwardKeyValue(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let keyValueHead = group.y;
  let first = group.z * shape.sequence;
  let last = vec4u(shape.sequence - 1);
  let width = shape.headVectors;
  let share = shape.heads / shape.keyValueHeads;

  let place = fourFrom((group.x * lanes + local.x) * 4);
  if (place.x >= shape.sequence) {
    return;
  }
  let key = min(place, last);
  let keyAt = (first + key) * rowVectors() + (shape.heads + keyValueHead) * width;
  let valueAt = keyAt + shape.keyValueHeads * width;
  let owned = min(4, shape.sequence - place.x);
  clearGradient(keyAt.x, owned);
  clearGradient(valueAt.x, owned);

  let scale = scoreScale();
  for (var head = keyValueHead * share; head < (keyValueHead + 1) * share; head++) {
    for (var start = group.x * lanes * 4; start < shape.sequence; start += 4) {
      let query = fourFrom(start);
      let rows = first + min(query, last);
      let queryAt = rows * rowVectors() + head * width;
      let places = rows * shape.heads + head;
      let outputAt = places * width;
      var scores = mat4x4f(); // a column a key, a row a query
      var changes = mat4x4f();
      for (var i = 0u; i < width; i++) {
        scores += transpose(qkvAt(queryAt + i)) * qkvAt(keyAt + i);
        changes += transpose(outputGradientAt(outputAt + i)) * qkvAt(valueAt + i);
      }
      let logSum = vec4f(
        savedLogSums[places.x],
        savedLogSums[places.y],
        savedLogSums[places.z],
        savedLogSums[places.w],
      );
      let delta = vec4f(
        savedDeltas[places.x],
        savedDeltas[places.y],
        savedDeltas[places.z],
        savedDeltas[places.w],
      );
      let real = query <= last;
      let p = mat4x4f(
        select(vec4f(), exp(scores[0] * scale - logSum), real & (vec4u(place.x) <= query)),
        select(vec4f(), exp(scores[1] * scale - logSum), real & (vec4u(place.y) <= query)),
        select(vec4f(), exp(scores[2] * scale - logSum), real & (vec4u(place.z) <= query)),
        select(vec4f(), exp(scores[3] * scale - logSum), real & (vec4u(place.w) <= query)),
      );
      let weights = scale * mat4x4f(
        p[0] * (changes[0] - delta),
        p[1] * (changes[1] - delta),
        p[2] * (changes[2] - delta),
        p[3] * (changes[3] - delta),
      );
      for (var i = 0u; i < width; i++) {
        addToGradient(keyAt + i, qkvAt(queryAt + i) * weights);
        addToGradient(valueAt + i, outputGradientAt(outputAt + i) * p);
      }
    }
  }
  rotateBack(keyAt.x, key.x, owned);
}
