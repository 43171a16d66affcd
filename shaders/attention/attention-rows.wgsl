// Loops of attention.wgsl without workgroup memory. One invocation owns 4 queries (keys) of one head and walks over the keys
// (queries) that interact with them, a tile of rows at a time. With attention-tiles.wgsl, which follows this file, a tile is
// one row that every invocation reads; with attention-subgroup-tiles.wgsl, its alternative, each of 8 lanes reads a different
// row and shares it. For variables that live through the loops see numbers.wgsl.
//
// `headVectors` is a constant of the text, so that arrays are no longer than needed: CPU adapters fill each element with zeros
// by a separate instruction.

const lanes = 8u;
const owned = 4 * lanes; // rows of a workgroup; those of an invocation are at a distance of `lanes`

// Vector i of the c-th owned row is at 4 i + c. "Left" rows give the scores: queries and keys. "Right" rows are used with the
// scores: values and the output's gradients. In the loops that take most time, which are unrolled, indices are known at compile
// time; only filling and emptying use other indices, which are slow.
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

// The four functions below loop over the head's vectors in parts of 8, because compilers do not unroll longer loops.

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

// Adds a row of the tile to the left sums, with a weight for each owned row.
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

// Adds a row of the tile to the right sums after multiplying them by `kept`.
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

// Reverses the rotation of the n-th left sum and of the sum half a head after it, and stores both.
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
  let begin = documentStarts(first, query);
  let count = query + 1 - begin;
  var top = vec4f(lowest);
  var total = vec4f();
  let end = min((group.x + 1) * owned, shape.sequence);
  for (var start = documentStart(first, group.x * owned); start < end; start += tileRows) {
    let at = (first + min(start + tileRow(local.x), last)) * rowVectors() + keyHead * headVectors;
    for (var i = 0u; i < shape.headVectors; i++) {
      leftTile[i] = numbers(vec4f(qkv[at + i]));
      rightTile[i] = numbers(vec4f(qkv[at + shape.keyValueHeads * headVectors + i]));
    }
    for (var j = 0u; j < min(tileRows, end - start); j++) {
      // A query sees at least itself. If masked keys come before its first key, their sums are multiplied by 0 once `newTop` is
      // a real score.
      // A key before `begin` wraps around to a large number.
      let seen = vec4u(start + j) - begin < count;
      let scores = select(vec4f(lowest), leftProducts(j), seen);
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
  let begin = documentStarts(first, query);
  let count = query + 1 - begin;
  let end = min((group.x + 1) * owned, shape.sequence);
  for (var start = documentStart(first, group.x * owned); start < end; start += tileRows) {
    let at = (first + min(start + tileRow(local.x), last)) * rowVectors() + keyHead * headVectors;
    for (var i = 0u; i < shape.headVectors; i++) {
      leftTile[i] = numbers(vec4f(qkv[at + i]));
      rightTile[i] = numbers(vec4f(qkv[at + shape.keyValueHeads * headVectors + i]));
    }
    for (var j = 0u; j < min(tileRows, end - start); j++) {
      // A key before `begin` wraps around to a large number.
      let seen = vec4u(start + j) - begin < count;
      let probabilities = select(vec4f(), exp(leftProducts(j) - logSum), seen);
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

  let count = max(documentEnds(first, key), key) - key;
  let lastEnd = documentEnd(first, (group.x + 1) * owned - 1);
  let share = shape.heads / shape.keyValueHeads;
  for (var head = group.y * share; head < (group.y + 1) * share; head++) {
    for (var start = group.x * owned; start < lastEnd; start += tileRows) {
      let row = first + min(start + tileRow(local.x), last);
      let sumAt = row * shape.heads + head;
      for (var i = 0u; i < shape.headVectors; i++) {
        leftTile[i] = numbers(vec4f(qkv[row * rowVectors() + head * headVectors + i]));
        rightTile[i] = numbers(vec4f(outputGradient[sumAt * headVectors + i]));
      }
      let saved = vec4f(savedLogSums[sumAt], savedDeltas[sumAt], 0, 0);
      for (var j = 0u; j < min(tileRows, lastEnd - start); j++) {
        let query = passed(saved, j);
        // A query before `key` wraps around.
        let seen = vec4u(start + j) - key < count;
        let probabilities = select(vec4f(), exp(leftProducts(j) - query.x), seen);
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
