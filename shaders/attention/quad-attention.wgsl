
// Loops of attention.wgsl for adapters whose subgroups have 4 lanes, like SwiftShader. A workgroup is one subgroup; an
// invocation owns 4 queries (keys) of one head and walks over the keys (queries) that interact with them, 4 at a time: each
// lane reads one and exchanges it with the other lanes.
//
// On SwiftShader a load costs as much as ten products and sums, an array access with a variable index nearly as much, and no
// loop is unrolled. So the loop over a head's vectors is written out as calls with constant numbers.

override headVectors: u32 = 8;

const owned = 16u; // rows of a workgroup; an invocation owns every fourth

// Vector i of the rows that the invocation owns, one in each column, and of the row of the tile that its lane has read.
// "Left" rows give the scores: queries and keys. "Right" rows are used with the scores: values and the output's
// gradients.
var<private> left: array<mat4x4f, 32>;
var<private> right: array<mat4x4f, 32>;
var<private> leftSums: array<mat4x4f, 32>;
var<private> rightSums: array<mat4x4f, 32>;
var<private> leftTile: array<vec4f, 32>;
var<private> rightTile: array<vec4f, 32>;

// Each column is an owned row, with one value for each row of the tile.
var<private> leftProducts: mat4x4f;
var<private> rightProducts: mat4x4f;
var<private> leftWeights: mat4x4f;
var<private> rightWeights: mat4x4f;
var<private> kept: vec4f; // the factor of the right sums before values are added

// Operations on each of a head's vectors.
const multiplyLeft = 0u;
const multiplyRight = 1u;
const addLeft = 2u;
const addRight = 3u;
const addKept = 4u;

// x of four lanes, one in each column: this lane, then the lanes whose numbers differ in the lower bit, the upper bit, both.
fn fromLanes(x: vec4f) -> mat4x4f {
  return mat4x4f(x, quadSwapX(x), quadSwapY(x), quadSwapDiagonal(x));
}

// The same for one number of each lane.
fn numbersOfLanes(x: f32) -> vec4f {
  return vec4f(x, quadSwapX(x), quadSwapY(x), quadSwapDiagonal(x));
}

// The rows of a tile, in that order of lanes.
fn tileRows(start: u32, lane: u32) -> vec4u {
  return start + (vec4u(lane) ^ vec4u(0, 1, 2, 3));
}

fn forOne(work: u32, i: u32) {
  if (work == multiplyLeft) {
    leftProducts += transpose(fromLanes(leftTile[i])) * left[i];
  } else if (work == multiplyRight) {
    rightProducts += transpose(fromLanes(rightTile[i])) * right[i];
  } else if (work == addLeft) {
    leftSums[i] += fromLanes(leftTile[i]) * leftWeights;
  } else if (work == addRight) {
    rightSums[i] += fromLanes(rightTile[i]) * rightWeights;
  } else {
    let x = rightSums[i];
    rightSums[i] = mat4x4f(x[0] * kept.x, x[1] * kept.y, x[2] * kept.z, x[3] * kept.w)
      + fromLanes(rightTile[i]) * rightWeights;
  }
}

fn forTwo(work: u32, i: u32) {
  forOne(work, i);
  forOne(work, i + 1);
}

fn forFour(work: u32, i: u32) {
  forTwo(work, i);
  if (headVectors > i + 2) {
    forTwo(work, i + 2);
  }
}

fn forEight(work: u32, i: u32) {
  forFour(work, i);
  if (headVectors > i + 4) {
    forFour(work, i + 4);
  }
}

fn forAll(work: u32) {
  forEight(work, 0);
  if (headVectors > 8) {
    forEight(work, 8);
  }
  if (headVectors > 16) {
    forEight(work, 16);
  }
  if (headVectors > 24) {
    forEight(work, 24);
  }
}

fn readQkv(at: vec4u) -> mat4x4f {
  return mat4x4f(vec4f(qkv[at.x]), vec4f(qkv[at.y]), vec4f(qkv[at.z]), vec4f(qkv[at.w]));
}

fn highest(x: vec4f) -> f32 {
  return max(max(x.x, x.y), max(x.z, x.w));
}

// Whether the rows of the tile are among the `count` positions from `begin` on. A row before `begin` wraps around to a large number.
fn isSeen(row: vec4u, begin: u32, count: u32) -> vec4<bool> {
  return row - begin < vec4u(count);
}

// One probability for each row of the tile, for one owned row.
fn probabilitiesOf(scores: vec4f, logSum: vec4f, seen: vec4<bool>) -> vec4f {
  return select(vec4f(), exp(scores - logSum), seen);
}

// Reverses the rotation of the left sums and stores them.
fn storeTurnedBack(first: u32, position: vec4u, offset: u32) {
  let half = headVectors / 2;
  for (var n = 0u; n < 2 * shape.headVectors; n++) {
    let c = n % 4;
    let i = n / 4;
    if (position[c] < shape.sequence) {
      let cosine = rotation[position[c] * headVectors + i];
      let sine = rotation[position[c] * headVectors + half + i];
      let x = leftSums[i][c] * scoreScale();
      let y = leftSums[i + half][c] * scoreScale();
      let at = (first + position[c]) * rowVectors() + offset + i;
      qkvGradient[at] = Stored(x * cosine + y * sine);
      qkvGradient[at + half] = Stored(y * cosine - x * sine);
    }
  }
}

@compute @workgroup_size(4)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let head = group.y;
  let first = group.z * shape.sequence;
  let last = shape.sequence - 1;
  let query = group.x * owned + lane + vec4u(0, 4, 8, 12);
  let queryAt = (first + min(query, vec4u(last))) * rowVectors() + head * headVectors;
  for (var i = 0u; i < shape.headVectors; i++) {
    left[i] = scoreScale() * readQkv(queryAt + i);
  }

  let keyHead = shape.heads + head / (shape.heads / shape.keyValueHeads);
  let begin = documentStarts(first, query);
  let count = query + 1 - begin;
  var top = vec4f(lowest);
  var total = vec4f();
  let end = min((group.x + 1) * owned, shape.sequence);
  for (var start = documentStart(first, group.x * owned); start < end; start += 4) {
    let at = (first + min(start + lane, last)) * rowVectors() + keyHead * headVectors;
    for (var i = 0u; i < shape.headVectors; i++) {
      leftTile[i] = vec4f(qkv[at + i]);
      rightTile[i] = vec4f(qkv[at + shape.keyValueHeads * headVectors + i]);
    }
    leftProducts = mat4x4f();
    forAll(multiplyLeft);
    // A query sees at least itself. If masked keys come before its first key, their sums are multiplied by 0 once `newTop` is
    // a real score.
    let key = tileRows(start, lane);
    let x = select(vec4f(lowest), leftProducts[0], isSeen(key, begin.x, count.x));
    let y = select(vec4f(lowest), leftProducts[1], isSeen(key, begin.y, count.y));
    let z = select(vec4f(lowest), leftProducts[2], isSeen(key, begin.z, count.z));
    let w = select(vec4f(lowest), leftProducts[3], isSeen(key, begin.w, count.w));
    let newTop = max(top, vec4f(highest(x), highest(y), highest(z), highest(w)));
    kept = exp(top - newTop);
    top = newTop;
    rightWeights = mat4x4f(exp(x - top.x), exp(y - top.y), exp(z - top.z), exp(w - top.w));
    total = total * kept + vec4f(1) * rightWeights;
    forAll(addKept);
  }
  for (var n = 0u; n < 4 * shape.headVectors; n++) {
    let c = n % 4;
    if (query[c] < shape.sequence) {
      let at = (first + query[c]) * shape.heads + head;
      output[at * headVectors + n / 4] = Stored(rightSums[n / 4][c] / total[c]);
      logSums[at] = top[c] + log(total[c]);
    }
  }
}

@compute @workgroup_size(4)
fn backwardQuery(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let head = group.y;
  let first = group.z * shape.sequence;
  let last = shape.sequence - 1;
  let query = group.x * owned + lane + vec4u(0, 4, 8, 12);
  let row = first + min(query, vec4u(last));
  let sumAt = row * shape.heads + head;
  var delta = vec4f();
  for (var i = 0u; i < shape.headVectors; i++) {
    left[i] = scoreScale() * readQkv(row * rowVectors() + head * headVectors + i);
    let at = sumAt * headVectors + i;
    let change = mat4x4f(
      vec4f(outputGradient[at.x]), vec4f(outputGradient[at.y]), vec4f(outputGradient[at.z]), vec4f(outputGradient[at.w]));
    right[i] = change;
    delta += vec4f(
      dot(change[0], vec4f(savedOutput[at.x])), dot(change[1], vec4f(savedOutput[at.y])),
      dot(change[2], vec4f(savedOutput[at.z])), dot(change[3], vec4f(savedOutput[at.w])));
  }
  let logSum = vec4f(savedLogSums[sumAt.x], savedLogSums[sumAt.y], savedLogSums[sumAt.z], savedLogSums[sumAt.w]);

  let keyHead = shape.heads + head / (shape.heads / shape.keyValueHeads);
  let begin = documentStarts(first, query);
  let count = query + 1 - begin;
  let end = min((group.x + 1) * owned, shape.sequence);
  for (var start = documentStart(first, group.x * owned); start < end; start += 4) {
    let at = (first + min(start + lane, last)) * rowVectors() + keyHead * headVectors;
    for (var i = 0u; i < shape.headVectors; i++) {
      leftTile[i] = vec4f(qkv[at + i]);
      rightTile[i] = vec4f(qkv[at + shape.keyValueHeads * headVectors + i]);
    }
    leftProducts = mat4x4f();
    rightProducts = mat4x4f();
    forAll(multiplyLeft);
    forAll(multiplyRight);
    let key = tileRows(start, lane);
    leftWeights = mat4x4f(
      probabilitiesOf(leftProducts[0], vec4f(logSum.x), isSeen(key, begin.x, count.x)) * (rightProducts[0] - delta.x),
      probabilitiesOf(leftProducts[1], vec4f(logSum.y), isSeen(key, begin.y, count.y)) * (rightProducts[1] - delta.y),
      probabilitiesOf(leftProducts[2], vec4f(logSum.z), isSeen(key, begin.z, count.z)) * (rightProducts[2] - delta.z),
      probabilitiesOf(leftProducts[3], vec4f(logSum.w), isSeen(key, begin.w, count.w)) * (rightProducts[3] - delta.w));
    forAll(addLeft);
  }
  for (var c = 0u; c < 4; c++) {
    if (query[c] < shape.sequence) {
      deltas[sumAt[c]] = delta[c];
    }
  }
  storeTurnedBack(first, query, head * headVectors);
}

@compute @workgroup_size(4)
fn backwardKeyValue(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let keyHead = shape.heads + group.y;
  let valuesAfter = shape.keyValueHeads * headVectors;
  let first = group.z * shape.sequence;
  let last = shape.sequence - 1;
  let key = group.x * owned + lane + vec4u(0, 4, 8, 12);
  let keyAt = (first + min(key, vec4u(last))) * rowVectors() + keyHead * headVectors;
  for (var i = 0u; i < shape.headVectors; i++) {
    left[i] = scoreScale() * readQkv(keyAt + i);
    right[i] = readQkv(keyAt + valuesAfter + i);
  }

  let count = max(documentEnds(first, key), key) - key;
  let lastEnd = documentEnd(first, (group.x + 1) * owned - 1);
  let share = shape.heads / shape.keyValueHeads;
  for (var head = group.y * share; head < (group.y + 1) * share; head++) {
    for (var start = group.x * owned; start < lastEnd; start += 4) {
      let row = first + min(start + lane, last);
      let sumAt = row * shape.heads + head;
      for (var i = 0u; i < shape.headVectors; i++) {
        leftTile[i] = vec4f(qkv[row * rowVectors() + head * headVectors + i]);
        rightTile[i] = vec4f(outputGradient[sumAt * headVectors + i]);
      }
      let logSum = numbersOfLanes(savedLogSums[sumAt]);
      let delta = numbersOfLanes(savedDeltas[sumAt]);
      leftProducts = mat4x4f();
      rightProducts = mat4x4f();
      forAll(multiplyLeft);
      forAll(multiplyRight);
      let query = tileRows(start, lane);
      rightWeights = mat4x4f(
        probabilitiesOf(leftProducts[0], logSum, isSeen(query, key.x, count.x)),
        probabilitiesOf(leftProducts[1], logSum, isSeen(query, key.y, count.y)),
        probabilitiesOf(leftProducts[2], logSum, isSeen(query, key.z, count.z)),
        probabilitiesOf(leftProducts[3], logSum, isSeen(query, key.w, count.w)));
      leftWeights = mat4x4f(
        rightWeights[0] * (rightProducts[0] - delta), rightWeights[1] * (rightProducts[1] - delta),
        rightWeights[2] * (rightProducts[2] - delta), rightWeights[3] * (rightProducts[3] - delta));
      forAll(addLeft);
      forAll(addRight);
    }
  }
  for (var n = 0u; n < 4 * shape.headVectors; n++) {
    let c = n % 4;
    if (key[c] < shape.sequence) {
      qkvGradient[(first + key[c]) * rowVectors() + keyHead * headVectors + valuesAfter + n / 4] = Stored(rightSums[n / 4][c]);
    }
  }
  storeTurnedBack(first, key, keyHead * headVectors);
}
