// Causal grouped-query attention with a streaming softmax (Dao et al. 2022, arXiv 2205.14135): nothing of O(sequence²) is
// stored. Queries and keys come with their rotary positions (linear.wgsl).
//
// A row of `qkv` holds the query heads, then the key heads, then the value heads.
//   forward           output = softmax(q kᵀ / sqrt(width)) v; logSums = each row's log-sum-exp, a value a (row, head)
//   backwardQuery     the query part of qkvGradient =, and deltas = dot(output, outputGradient), a value a (row, head)
//   backwardKeyValue  the key and value parts of qkvGradient =; needs `deltas`
// Backward recomputes the probabilities from logSums and rotates its results back, so qkvGradient is that of the
// projection before the rotary positions.
//
// One invocation owns 4 neighbouring queries (keys) of one head and walks over tiles of keys (queries), as 4x4 matrices.
// Its sums stay where they will end up, in the output buffer: registers do not bound the head's width, and the kernel
// stays small, which is what CPU adapters compile slowly. Where the sequence ends within the 4, the missing ones repeat
// the last row and add nothing to it: no two invocations ever write the same row.
//
// A tile is the same for all invocations of a workgroup. In attention-tiles.wgsl it has 4 rows, which each of them reads;
// in attention-subgroup-tiles.wgsl it has 8, which lanes pass round. Either is appended to this file. So all invocations
// of a workgroup walk to the end together, even those that own nothing.

struct Shape {
  sequence: u32,
  heads: u32,
  keyValueHeads: u32,
  headVectors: u32, // a head's width in vec4, even
  rows: u32,
}

const lowest = -3.0e38;

override lanes: u32 = 8;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> rotation: array<vec4f>; // a position: half a head of cosines, then of sines
@group(0) @binding(3) var<storage, read> qkv: array<Stored>;
@group(0) @binding(4) var<storage, read_write> output: array<Stored>;
@group(0) @binding(5) var<storage, read_write> logSums: array<f32>;
@group(0) @binding(6) var<storage, read> savedOutput: array<Stored>;
@group(0) @binding(7) var<storage, read> savedLogSums: array<f32>;
@group(0) @binding(8) var<storage, read> outputGradient: array<Stored>;
@group(0) @binding(9) var<storage, read_write> deltas: array<f32>;
@group(0) @binding(10) var<storage, read> savedDeltas: array<f32>;
@group(0) @binding(11) var<storage, read_write> qkvGradient: array<Stored>;

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
  return mat4x4f(vec4f(qkv[at.x]), vec4f(qkv[at.y]), vec4f(qkv[at.z]), vec4f(qkv[at.w]));
}

fn outputGradientAt(at: vec4u) -> mat4x4f {
  return mat4x4f(
    vec4f(outputGradient[at.x]), vec4f(outputGradient[at.y]), vec4f(outputGradient[at.z]), vec4f(outputGradient[at.w]));
}

// A value or a vector for each row of a tile; of a tile of 4 rows the high ones are zero.
struct TileValues {
  low: vec4f,
  high: vec4f,
}

struct TileVectors {
  low: mat4x4f, // a column each of the first four
  high: mat4x4f,
}

fn ownedFrom(place: u32) -> u32 {
  return min(4, shape.sequence - min(place, shape.sequence));
}

fn highest(v: vec4f) -> f32 {
  return max(max(v.x, v.y), max(v.z, v.w));
}

// Where a key (row) is not after a query (column): its score; elsewhere `lowest`.
fn seenScores(scores: mat4x4f, key: vec4u, query: vec4u) -> mat4x4f {
  return mat4x4f(
    select(vec4f(lowest), scores[0], key <= vec4u(query.x)),
    select(vec4f(lowest), scores[1], key <= vec4u(query.y)),
    select(vec4f(lowest), scores[2], key <= vec4u(query.z)),
    select(vec4f(lowest), scores[3], key <= vec4u(query.w)),
  );
}

// exp of a matrix, with a value subtracted from each column.
fn expBelow(m: mat4x4f, tops: vec4f) -> mat4x4f {
  return mat4x4f(exp(m[0] - tops.x), exp(m[1] - tops.y), exp(m[2] - tops.z), exp(m[3] - tops.w));
}

@compute @workgroup_size(lanes)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let head = group.y;
  let first = group.z * shape.sequence;
  let last = vec4u(shape.sequence - 1);
  let width = shape.headVectors;
  let keyHead = shape.heads + head / (shape.heads / shape.keyValueHeads);
  let valuesAfter = shape.keyValueHeads * width;

  let place = fourFrom((group.x * lanes + local.x) * 4);
  let owned = ownedFrom(place.x);
  let query = min(place, last);
  let missing = place > last;
  let rows = first + query;
  let queryAt = rows * rowVectors() + head * width;
  let outputAt = (rows * shape.heads + head) * width;
  for (var i = 0u; i < owned * width; i++) {
    output[outputAt.x + i / width * shape.heads * width + i % width] = Stored();
  }

  let scale = scoreScale();
  var top = vec4f(lowest);
  var total = vec4f();
  let end = min((group.x + 1) * lanes * 4, shape.sequence);
  for (var start = 0u; start < end; start += tileRows) {
    let keys = tilePlaces(first, start, local.x, rowVectors(), keyHead * width);
    var low = mat4x4f(); // a column a query, a row a key
    var high = mat4x4f();
    for (var i = 0u; i < width; i++) {
      let k = qkvTile(keys, i);
      let q = qkvAt(queryAt + i);
      low += transpose(k.low) * q;
      high += transpose(k.high) * q;
    }
    low = seenScores(low * scale, fourFrom(start), query);
    high = seenScores(high * scale, highRows(start), query);
    // Key 0 is seen by every query, so from the first tile on `newTop` is a real score and masked ones vanish.
    let newTop = max(top, vec4f(
      highest(max(low[0], high[0])),
      highest(max(low[1], high[1])),
      highest(max(low[2], high[2])),
      highest(max(low[3], high[3])),
    ));
    low = expBelow(low, newTop);
    high = expBelow(high, newTop);
    let shrink = exp(top - newTop);
    total = total * shrink + vec4f(1) * low + vec4f(1) * high;
    top = newTop;
    let kept = select(shrink, vec4f(1), missing);
    let added = select(vec4f(1), vec4f(), missing);
    for (var i = 0u; i < width; i++) {
      let v = qkvTile(keys, valuesAfter + i);
      if (owned > 0) {
        let sums = v.low * low + v.high * high;
        let at = outputAt + i;
        output[at.x] = Stored(vec4f(output[at.x]) * kept.x + sums[0]);
        output[at.y] = Stored(vec4f(output[at.y]) * kept.y + sums[1] * added.y);
        output[at.z] = Stored(vec4f(output[at.z]) * kept.z + sums[2] * added.z);
        output[at.w] = Stored(vec4f(output[at.w]) * kept.w + sums[3] * added.w);
      }
    }
  }
  for (var i = 0u; i < owned * width; i++) {
    let at = outputAt.x + i / width * shape.heads * width + i % width;
    output[at] = Stored(vec4f(output[at]) / total[i / width]);
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
    let x = vec4f(qkvGradient[low]);
    let y = vec4f(qkvGradient[low + half]);
    qkvGradient[low] = Stored(x * cosine + y * sine);
    qkvGradient[low + half] = Stored(y * cosine - x * sine);
  }
}

// Adds a column to each of four places of qkvGradient.
fn addToGradient(at: vec4u, sums: mat4x4f) {
  qkvGradient[at.x] += Stored(sums[0]);
  qkvGradient[at.y] += Stored(sums[1]);
  qkvGradient[at.z] += Stored(sums[2]);
  qkvGradient[at.w] += Stored(sums[3]);
}

fn clearGradient(at: u32, owned: u32) {
  for (var i = 0u; i < owned * shape.headVectors; i++) {
    qkvGradient[at + i / shape.headVectors * rowVectors() + i % shape.headVectors] = Stored();
  }
}

// The scores' gradient times a factor for each query (column).
fn queryWeights(p: mat4x4f, changes: mat4x4f, delta: vec4f, factors: vec4f) -> mat4x4f {
  return mat4x4f(
    p[0] * (changes[0] - delta.x) * factors.x,
    p[1] * (changes[1] - delta.y) * factors.y,
    p[2] * (changes[2] - delta.z) * factors.z,
    p[3] * (changes[3] - delta.w) * factors.w,
  );
}

@compute @workgroup_size(lanes)
fn backwardQuery(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let head = group.y;
  let first = group.z * shape.sequence;
  let last = vec4u(shape.sequence - 1);
  let width = shape.headVectors;
  let keyHead = shape.heads + head / (shape.heads / shape.keyValueHeads);
  let valuesAfter = shape.keyValueHeads * width;

  let place = fourFrom((group.x * lanes + local.x) * 4);
  let owned = ownedFrom(place.x);
  let query = min(place, last);
  let rows = first + query;
  let queryAt = rows * rowVectors() + head * width;
  let outputAt = (rows * shape.heads + head) * width;
  clearGradient(queryAt.x, owned);
  let sumAt = rows * shape.heads + head;
  let logSum = vec4f(savedLogSums[sumAt.x], savedLogSums[sumAt.y], savedLogSums[sumAt.z], savedLogSums[sumAt.w]);
  var delta = vec4f();
  for (var c = 0u; c < owned; c++) {
    let at = sumAt.x + c * shape.heads;
    var product = vec4f();
    for (var i = 0u; i < width; i++) {
      product += vec4f(outputGradient[at * width + i]) * vec4f(savedOutput[at * width + i]);
    }
    delta[c] = dot(product, vec4f(1));
    deltas[at] = delta[c];
  }

  let scale = scoreScale();
  let end = min((group.x + 1) * lanes * 4, shape.sequence);
  for (var start = 0u; start < end; start += tileRows) {
    let keys = tilePlaces(first, start, local.x, rowVectors(), keyHead * width);
    var low = mat4x4f(); // a column a query, a row a key
    var high = mat4x4f();
    var lowChanges = mat4x4f();
    var highChanges = mat4x4f();
    for (var i = 0u; i < width; i++) {
      let k = qkvTile(keys, i);
      let v = qkvTile(keys, valuesAfter + i);
      let q = qkvAt(queryAt + i);
      let change = outputGradientAt(outputAt + i);
      low += transpose(k.low) * q;
      high += transpose(k.high) * q;
      lowChanges += transpose(v.low) * change;
      highChanges += transpose(v.high) * change;
    }
    low = expBelow(seenScores(low * scale, fourFrom(start), query), logSum);
    high = expBelow(seenScores(high * scale, highRows(start), query), logSum);
    let factors = select(vec4f(scale), vec4f(), place > last); // missing queries add nothing
    low = queryWeights(low, lowChanges, delta, factors);
    high = queryWeights(high, highChanges, delta, factors);
    for (var i = 0u; i < width; i++) {
      let k = qkvTile(keys, i);
      if (owned > 0) {
        addToGradient(queryAt + i, k.low * low + k.high * high);
      }
    }
  }
  rotateBack(queryAt.x, query.x, owned);
}

// exp(score - logSum) where a query (row) is real and not before a key (column); elsewhere 0.
fn seenProbabilities(scores: mat4x4f, logSum: vec4f, query: vec4u, key: vec4u) -> mat4x4f {
  let real = query < vec4u(shape.sequence);
  return mat4x4f(
    select(vec4f(), exp(scores[0] - logSum), real & (vec4u(key.x) <= query)),
    select(vec4f(), exp(scores[1] - logSum), real & (vec4u(key.y) <= query)),
    select(vec4f(), exp(scores[2] - logSum), real & (vec4u(key.z) <= query)),
    select(vec4f(), exp(scores[3] - logSum), real & (vec4u(key.w) <= query)),
  );
}

// The scores' gradient times `scale`; `delta` is each query's (row's).
fn keyWeights(p: mat4x4f, changes: mat4x4f, delta: vec4f, scale: f32) -> mat4x4f {
  return mat4x4f(
    p[0] * (changes[0] - delta) * scale,
    p[1] * (changes[1] - delta) * scale,
    p[2] * (changes[2] - delta) * scale,
    p[3] * (changes[3] - delta) * scale,
  );
}

@compute @workgroup_size(lanes)
fn backwardKeyValue(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let keyValueHead = group.y;
  let first = group.z * shape.sequence;
  let last = vec4u(shape.sequence - 1);
  let width = shape.headVectors;
  let share = shape.heads / shape.keyValueHeads;

  let place = fourFrom((group.x * lanes + local.x) * 4);
  let owned = ownedFrom(place.x);
  let key = min(place, last);
  let keyAt = (first + key) * rowVectors() + (shape.heads + keyValueHead) * width;
  let valueAt = keyAt + shape.keyValueHeads * width;
  clearGradient(keyAt.x, owned);
  clearGradient(valueAt.x, owned);

  let scale = scoreScale();
  for (var head = keyValueHead * share; head < (keyValueHead + 1) * share; head++) {
    for (var start = group.x * lanes * 4; start < shape.sequence; start += tileRows) {
      let queries = tilePlaces(first, start, local.x, rowVectors(), head * width);
      let outputs = tilePlaces(first, start, local.x, shape.heads * width, head * width);
      let sums = tilePlaces(first, start, local.x, shape.heads, head);
      var low = mat4x4f(); // a column a key, a row a query
      var high = mat4x4f();
      var lowChanges = mat4x4f();
      var highChanges = mat4x4f();
      for (var i = 0u; i < width; i++) {
        let q = qkvTile(queries, i);
        let change = outputGradientTile(outputs, i);
        let k = qkvAt(keyAt + i);
        let v = qkvAt(valueAt + i);
        low += transpose(q.low) * k;
        high += transpose(q.high) * k;
        lowChanges += transpose(change.low) * v;
        highChanges += transpose(change.high) * v;
      }
      let logSum = logSumTile(sums);
      let delta = deltaTile(sums);
      low = seenProbabilities(low * scale, logSum.low, fourFrom(start), place);
      high = seenProbabilities(high * scale, logSum.high, highRows(start), place);
      lowChanges = keyWeights(low, lowChanges, delta.low, scale);
      highChanges = keyWeights(high, highChanges, delta.high, scale);
      for (var i = 0u; i < width; i++) {
        let q = qkvTile(queries, i);
        let change = outputGradientTile(outputs, i);
        if (owned > 0) {
          addToGradient(keyAt + i, q.low * lowChanges + q.high * highChanges);
          addToGradient(valueAt + i, change.low * low + change.high * high);
        }
      }
    }
  }
  rotateBack(keyAt.x, key.x, owned);
}
