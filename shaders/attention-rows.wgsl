// Loops of attention.wgsl that need no workgroup memory. One invocation owns 4 queries (keys) of one head and walks over
// the keys (queries) that meet them, a tile of rows at a time. In attention-tiles.wgsl, which follows this file, a tile is
// one row that every invocation reads; in attention-subgroup-tiles.wgsl, in its place, each of 8 lanes reads another row
// and passes it round. What lives through the loops is kept as numbers.wgsl says.
//
// The text has `headVectors` as a number, so that arrays are as long as they need to be: CPU adapters fill each element
// with zeros by an instruction of its own.

const lanes = 8u;
const owned = 4 * lanes; // rows of a workgroup, those of an invocation `lanes` apart

// Vector i of the c-th owned row is at 4 i + c. The left ones meet in the scores: queries and keys; the right ones in what
// becomes of the scores: values and the output's gradients. Their indices are numbers in the loops that take the time, which
// are unrolled; only to be filled and emptied are they read and written at an index that is not known, which is slow.
var<private> left: array<Numbers, 4 * headVectors>;
var<private> right: array<Numbers, 4 * headVectors>;
var<private> leftSums: array<Numbers, 4 * headVectors>;
var<private> rightSums: array<Numbers, 4 * headVectors>;
var<private> leftTile: array<Numbers, headVectors>;
var<private> rightTile: array<Numbers, headVectors>;

fn product(a: Numbers, b: vec4f) -> f32 {
  return a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w;
}

fn sum(a: Numbers, b: vec4f, weight: f32) -> Numbers {
  return Numbers(a.x + b.x * weight, a.y + b.y * weight, a.z + b.z * weight, a.w + b.w * weight);
}

fn scaledSum(a: Numbers, kept: f32, b: vec4f, weight: f32) -> Numbers {
  return Numbers(
    a.x * kept + b.x * weight, a.y * kept + b.y * weight, a.z * kept + b.z * weight, a.w * kept + b.w * weight);
}

// The four below are loops over the head's vectors, in parts of 8: compilers do not unroll longer ones.

// The owned rows' products with a row of the tile.
fn leftProducts(row: u32) -> vec4f {
  var products = leftPart(0, row);
  if (headVectors > 8) {
    products += leftPart(8, row);
  }
  if (headVectors > 16) {
    products += leftPart(16, row) + leftPart(24, row);
  }
  return products;
}

fn leftPart(start: u32, row: u32) -> vec4f {
  var products = vec4f();
  for (var i = start; i < min(start + 8, headVectors); i++) {
    let x = passed(vector(leftTile[i]), row);
    products += vec4f(
      product(left[4 * i], x), product(left[4 * i + 1], x), product(left[4 * i + 2], x), product(left[4 * i + 3], x));
  }
  return products;
}

fn rightProducts(row: u32) -> vec4f {
  var products = rightPart(0, row);
  if (headVectors > 8) {
    products += rightPart(8, row);
  }
  if (headVectors > 16) {
    products += rightPart(16, row) + rightPart(24, row);
  }
  return products;
}

fn rightPart(start: u32, row: u32) -> vec4f {
  var products = vec4f();
  for (var i = start; i < min(start + 8, headVectors); i++) {
    let x = passed(vector(rightTile[i]), row);
    products += vec4f(
      product(right[4 * i], x), product(right[4 * i + 1], x), product(right[4 * i + 2], x), product(right[4 * i + 3], x));
  }
  return products;
}

// Adds a row of the tile, weighted for each owned row.
fn addLeft(row: u32, weights: vec4f) {
  addLeftPart(0, row, weights);
  if (headVectors > 8) {
    addLeftPart(8, row, weights);
  }
  if (headVectors > 16) {
    addLeftPart(16, row, weights);
    addLeftPart(24, row, weights);
  }
}

fn addLeftPart(start: u32, row: u32, weights: vec4f) {
  for (var i = start; i < min(start + 8, headVectors); i++) {
    let x = passed(vector(leftTile[i]), row);
    leftSums[4 * i] = sum(leftSums[4 * i], x, weights.x);
    leftSums[4 * i + 1] = sum(leftSums[4 * i + 1], x, weights.y);
    leftSums[4 * i + 2] = sum(leftSums[4 * i + 2], x, weights.z);
    leftSums[4 * i + 3] = sum(leftSums[4 * i + 3], x, weights.w);
  }
}

// The same to sums that shrink first.
fn addRight(row: u32, kept: vec4f, weights: vec4f) {
  addRightPart(0, row, kept, weights);
  if (headVectors > 8) {
    addRightPart(8, row, kept, weights);
  }
  if (headVectors > 16) {
    addRightPart(16, row, kept, weights);
    addRightPart(24, row, kept, weights);
  }
}

fn addRightPart(start: u32, row: u32, kept: vec4f, weights: vec4f) {
  for (var i = start; i < min(start + 8, headVectors); i++) {
    let x = passed(vector(rightTile[i]), row);
    rightSums[4 * i] = scaledSum(rightSums[4 * i], kept.x, x, weights.x);
    rightSums[4 * i + 1] = scaledSum(rightSums[4 * i + 1], kept.y, x, weights.y);
    rightSums[4 * i + 2] = scaledSum(rightSums[4 * i + 2], kept.z, x, weights.z);
    rightSums[4 * i + 3] = scaledSum(rightSums[4 * i + 3], kept.w, x, weights.w);
  }
}

// Rotates back the n-th of the left sums and what is half a head further, and stores them.
fn storeTurnedBack(row: u32, position: u32, offset: u32, n: u32) {
  let i = n / 4;
  let half = headVectors / 2;
  let cosine = rotation[position * headVectors + i];
  let sine = rotation[position * headVectors + half + i];
  let x = vector(leftSums[n]) * scoreScale();
  let y = vector(leftSums[n + 2 * headVectors]) * scoreScale();
  let at = row * rowVectors() + offset + i;
  qkvGradient[at] = Stored(x * cosine + y * sine);
  qkvGradient[at + half] = Stored(y * cosine - x * sine);
}

@compute @workgroup_size(lanes)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let head = group.y;
  let first = group.z * shape.sequence;
  let last = shape.sequence - 1;
  let query = group.x * owned + local.x + lanes * vec4u(0, 1, 2, 3);
  for (var n = 0u; n < 4 * shape.headVectors; n++) {
    let row = first + min(query[n % 4], last);
    left[n] = numbers(scoreScale() * vec4f(qkv[row * rowVectors() + head * headVectors + n / 4]));
  }

  let keyHead = shape.heads + head / (shape.heads / shape.keyValueHeads);
  var top = vec4f(lowest);
  var total = vec4f();
  let end = min((group.x + 1) * owned, shape.sequence);
  for (var start = 0u; start < end; start += tileRows) {
    let at = (first + min(start + tileRow(local.x), last)) * rowVectors() + keyHead * headVectors;
    for (var i = 0u; i < shape.headVectors; i++) {
      leftTile[i] = numbers(vec4f(qkv[at + i]));
      rightTile[i] = numbers(vec4f(qkv[at + shape.keyValueHeads * headVectors + i]));
    }
    for (var j = 0u; j < min(tileRows, end - start); j++) {
      // Key 0 is seen by every query, so from the first on `newTop` is a real score and masked ones vanish.
      let scores = select(vec4f(lowest), leftProducts(j), vec4u(start + j) <= query);
      let newTop = max(top, scores);
      let kept = exp(top - newTop);
      let probabilities = exp(scores - newTop);
      top = newTop;
      total = total * kept + probabilities;
      addRight(j, kept, probabilities);
    }
  }
  let finalScale = 1.0 / total;
  let logSum = top + log(total);
  for (var n = 0u; n < 4 * shape.headVectors; n++) {
    let c = n % 4;
    if (query[c] < shape.sequence) {
      let at = (first + query[c]) * shape.heads + head;
      output[at * headVectors + n / 4] = Stored(vector(rightSums[n]) * finalScale[c]);
      logSums[at] = logSum[c];
    }
  }
}

@compute @workgroup_size(lanes)
fn backwardQuery(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let head = group.y;
  let first = group.z * shape.sequence;
  let last = shape.sequence - 1;
  let query = group.x * owned + local.x + lanes * vec4u(0, 1, 2, 3);
  var delta = vec4f();
  var logSum = vec4f();
  for (var n = 0u; n < 4 * shape.headVectors; n++) {
    let c = n % 4;
    let row = first + min(query[c], last);
    left[n] = numbers(scoreScale() * vec4f(qkv[row * rowVectors() + head * headVectors + n / 4]));
    let sumAt = row * shape.heads + head;
    let change = vec4f(outputGradient[sumAt * headVectors + n / 4]);
    right[n] = numbers(change);
    let mine = vec4u(c) == vec4u(0, 1, 2, 3);
    delta += select(vec4f(), vec4f(dot(change, vec4f(savedOutput[sumAt * headVectors + n / 4]))), mine);
    logSum = select(logSum, vec4f(savedLogSums[sumAt]), mine);
  }

  let keyHead = shape.heads + head / (shape.heads / shape.keyValueHeads);
  let end = min((group.x + 1) * owned, shape.sequence);
  for (var start = 0u; start < end; start += tileRows) {
    let at = (first + min(start + tileRow(local.x), last)) * rowVectors() + keyHead * headVectors;
    for (var i = 0u; i < shape.headVectors; i++) {
      leftTile[i] = numbers(vec4f(qkv[at + i]));
      rightTile[i] = numbers(vec4f(qkv[at + shape.keyValueHeads * headVectors + i]));
    }
    for (var j = 0u; j < min(tileRows, end - start); j++) {
      let probabilities = select(vec4f(), exp(leftProducts(j) - logSum), vec4u(start + j) <= query);
      addLeft(j, probabilities * (rightProducts(j) - delta));
    }
  }
  for (var n = 0u; n < 2 * shape.headVectors; n++) {
    let c = n % 4;
    if (query[c] < shape.sequence) {
      let row = first + query[c];
      deltas[row * shape.heads + head] = delta[c];
      storeTurnedBack(row, query[c], head * headVectors, n);
    }
  }
}

@compute @workgroup_size(lanes)
fn backwardKeyValue(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let keyHead = shape.heads + group.y;
  let valuesAfter = shape.keyValueHeads * headVectors;
  let first = group.z * shape.sequence;
  let last = shape.sequence - 1;
  let key = group.x * owned + local.x + lanes * vec4u(0, 1, 2, 3);
  for (var n = 0u; n < 4 * shape.headVectors; n++) {
    let at = (first + min(key[n % 4], last)) * rowVectors() + keyHead * headVectors + n / 4;
    left[n] = numbers(scoreScale() * vec4f(qkv[at]));
    right[n] = numbers(vec4f(qkv[at + valuesAfter]));
  }

  let share = shape.heads / shape.keyValueHeads;
  for (var head = group.y * share; head < (group.y + 1) * share; head++) {
    for (var start = group.x * owned; start < shape.sequence; start += tileRows) {
      let row = first + min(start + tileRow(local.x), last);
      let sumAt = row * shape.heads + head;
      for (var i = 0u; i < shape.headVectors; i++) {
        leftTile[i] = numbers(vec4f(qkv[row * rowVectors() + head * headVectors + i]));
        rightTile[i] = numbers(vec4f(outputGradient[sumAt * headVectors + i]));
      }
      let saved = vec4f(savedLogSums[sumAt], savedDeltas[sumAt], 0, 0);
      for (var j = 0u; j < min(tileRows, shape.sequence - start); j++) {
        let query = passed(saved, j);
        let probabilities = select(vec4f(), exp(leftProducts(j) - query.x), key <= vec4u(start + j));
        addLeft(j, probabilities * (rightProducts(j) - query.y));
        addRight(j, vec4f(1), probabilities);
      }
    }
  }
  for (var n = 0u; n < 4 * shape.headVectors; n++) {
    let c = n % 4;
    if (key[c] < shape.sequence) {
      let row = first + key[c];
      qkvGradient[row * rowVectors() + keyHead * headVectors + valuesAfter + n / 4] = Stored(vector(rightSums[n]));
      if (n < 2 * headVectors) {
        storeTurnedBack(row, key[c], keyHead * headVectors, n);
      }
    }
  }
}
