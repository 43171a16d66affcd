// Loops of attention.wgsl for GPUs: a workgroup owns 4 * lanesY queries (keys) of one head and walks over tiles of 4 * lanesX
// keys (queries), both in workgroup memory. An invocation computes 4 x 4 of a tile's scores, and every lanesX-th vector of the
// weighted sums of 4 owned rows.
//
// "Left" rows give the scores: queries and keys. "Right" rows are used with the scores: values and the output's gradients.
// Rows are padded by one vector, so that neighbouring rows begin in different banks. Rows beyond the sequence repeat its last
// row and have weight 0.

override headVectors: u32 = 8;
override lanesX: u32 = 8;
override lanesY: u32 = 8;

override lanes = lanesX * lanesY;
override owned = 4 * lanesY;
override tile = 4 * lanesX;
override stride = headVectors + 1;
override sumVectors = (headVectors + lanesX - 1) / lanesX; // per invocation, at most 8

var<workgroup> leftOwned: array<Stored, owned * stride>;
var<workgroup> rightOwned: array<Stored, owned * stride>;
var<workgroup> leftTile: array<Stored, tile * stride>;
var<workgroup> rightTile: array<Stored, tile * stride>;
// For each row of the tile and each of lanesY: a vector with the weights of its four owned rows.
var<workgroup> weights: array<vec4f, tile * lanesY>;
var<workgroup> rightWeights: array<vec4f, tile * lanesY>;

var<private> leftSums: array<mat4x4f, 8>; // each column is an owned row
var<private> rightSums: array<mat4x4f, 8>;

// An invocation's place: its first rows; the others follow at a distance of lanesY (in the tile: lanesX).
struct Place {
  x: u32,
  y: u32,
  lane: u32,
}

fn placeOf(local: vec3u) -> Place {
  return Place(local.x, local.y, local.y * lanesX + local.x);
}

fn ownedRows(place: Place, start: u32) -> vec4u {
  return start + place.y + lanesY * vec4u(0, 1, 2, 3);
}

fn tileRows(place: Place, start: u32) -> vec4u {
  return start + place.x + lanesX * vec4u(0, 1, 2, 3);
}

// Index in `qkv` of vector i of the rows from `start` on; heads are numbered through queries, keys and values.
fn qkvAt(first: u32, start: u32, i: u32, head: u32) -> u32 {
  let row = first + min(start + i / headVectors, shape.sequence - 1);
  return row * rowVectors() + head * headVectors + i % headVectors;
}

// The same in `output` and its gradient.
fn outputAt(first: u32, start: u32, i: u32, head: u32) -> u32 {
  let row = first + min(start + i / headVectors, shape.sequence - 1);
  return (row * shape.heads + head) * headVectors + i % headVectors;
}

fn memoryAt(i: u32) -> u32 {
  return i / headVectors * stride + i % headVectors;
}

// Column c holds the products of the invocation's c-th row of the tile with each of its owned rows.
fn leftProducts(place: Place) -> mat4x4f {
  var products = mat4x4f();
  let at = place.y * stride;
  let step = lanesY * stride;
  for (var i = 0u; i < shape.headVectors; i++) {
    let own = mat4x4f(
      vec4f(leftOwned[at + i]),
      vec4f(leftOwned[at + step + i]),
      vec4f(leftOwned[at + 2 * step + i]),
      vec4f(leftOwned[at + 3 * step + i]),
    );
    for (var c = 0u; c < 4; c++) {
      products[c] += vec4f(leftTile[(place.x + c * lanesX) * stride + i]) * own;
    }
  }
  return products;
}

fn rightProducts(place: Place) -> mat4x4f {
  var products = mat4x4f();
  let at = place.y * stride;
  let step = lanesY * stride;
  for (var i = 0u; i < shape.headVectors; i++) {
    let own = mat4x4f(
      vec4f(rightOwned[at + i]),
      vec4f(rightOwned[at + step + i]),
      vec4f(rightOwned[at + 2 * step + i]),
      vec4f(rightOwned[at + 3 * step + i]),
    );
    for (var c = 0u; c < 4; c++) {
      products[c] += vec4f(rightTile[(place.x + c * lanesX) * stride + i]) * own;
    }
  }
  return products;
}

fn outer(x: vec4f, y: vec4f) -> mat4x4f {
  return mat4x4f(x * y.x, x * y.y, x * y.z, x * y.w);
}

// The index of the invocation's i-th vector of a row; beyond a head's width the last vector, whose sums are not used.
fn ownVector(place: Place, i: u32) -> u32 {
  return min(place.x + i * lanesX, headVectors - 1);
}

fn addLeft(place: Place, rows: u32) {
  for (var row = 0u; row < rows; row++) {
    let weight = weights[row * lanesY + place.y];
    for (var i = 0u; i < sumVectors; i++) {
      leftSums[i] += outer(vec4f(leftTile[row * stride + ownVector(place, i)]), weight);
    }
  }
}

fn addRight(place: Place, rows: u32) {
  for (var row = 0u; row < rows; row++) {
    let weight = rightWeights[row * lanesY + place.y];
    for (var i = 0u; i < sumVectors; i++) {
      rightSums[i] += outer(vec4f(rightTile[row * stride + ownVector(place, i)]), weight);
    }
  }
}

@compute @workgroup_size(lanesX, lanesY)
fn forward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let place = placeOf(local);
  let head = group.y;
  let first = group.z * shape.sequence;
  let ownStart = (groups.x - 1 - group.x) * owned; // start with the longest loops
  let keyHead = shape.heads + head / (shape.heads / shape.keyValueHeads);
  for (var i = place.lane; i < owned * headVectors; i += lanes) {
    leftOwned[memoryAt(i)] = qkv[qkvAt(first, ownStart, i, head)];
  }
  let query = ownedRows(place, ownStart);
  let begin = documentStarts(first, query);
  var top = vec4f(lowest);
  var total = vec4f();
  let end = min(ownStart + owned, shape.sequence);
  for (var start = documentStart(first, ownStart); start < end; start += tile) {
    for (var i = place.lane; i < tile * headVectors; i += lanes) {
      leftTile[memoryAt(i)] = qkv[qkvAt(first, start, i, keyHead)];
      rightTile[memoryAt(i)] = qkv[qkvAt(first, start, i, keyHead + shape.keyValueHeads)];
    }
    workgroupBarrier();
    let products = leftProducts(place) * scoreScale();
    let key = tileRows(place, start);
    for (var c = 0u; c < 4; c++) {
      let seen = (begin <= vec4u(key[c])) & (vec4u(key[c]) <= query);
      weights[(place.x + c * lanesX) * lanesY + place.y] = select(vec4f(lowest), products[c], seen);
    }
    workgroupBarrier();
    // A query sees at least itself. If masked keys come before its first key, their sums are multiplied by 0 once `newTop` is
    // a real score.
    let rows = min(tile, end - start);
    var newTop = top;
    for (var row = 0u; row < rows; row++) {
      newTop = max(newTop, weights[row * lanesY + place.y]);
    }
    let kept = exp(top - newTop);
    top = newTop;
    total *= kept;
    for (var i = 0u; i < sumVectors; i++) {
      let sums = rightSums[i];
      rightSums[i] = mat4x4f(sums[0] * kept.x, sums[1] * kept.y, sums[2] * kept.z, sums[3] * kept.w);
    }
    for (var row = 0u; row < rows; row++) {
      let probabilities = exp(weights[row * lanesY + place.y] - top);
      total += probabilities;
      for (var i = 0u; i < sumVectors; i++) {
        rightSums[i] += outer(vec4f(rightTile[row * stride + ownVector(place, i)]), probabilities);
      }
    }
    workgroupBarrier();
  }
  for (var c = 0u; c < 4; c++) {
    if (query[c] < shape.sequence) {
      let at = (first + query[c]) * shape.heads + head;
      for (var i = 0u; i < sumVectors; i++) {
        if (place.x + i * lanesX < headVectors) {
          output[at * headVectors + place.x + i * lanesX] = Stored(rightSums[i][c] / total[c]);
        }
      }
      if (place.x == 0) {
        logSums[at] = top[c] + log(total[c]);
      }
    }
  }
}

// Reverses the rotation of the left sums and stores them; heads are numbered like in `qkv`. Sums and their partners, half a head
// away, are exchanged through workgroup memory. All invocations must call it together.
fn storeTurnedBack(place: Place, first: u32, ownStart: u32, head: u32) {
  for (var i = 0u; i < sumVectors; i++) {
    if (place.x + i * lanesX < headVectors) {
      for (var c = 0u; c < 4; c++) {
        leftOwned[(place.y + c * lanesY) * stride + place.x + i * lanesX] = Stored(leftSums[i][c] * scoreScale());
      }
    }
  }
  workgroupBarrier();
  let half = headVectors / 2;
  for (var n = place.lane; n < owned * half; n += lanes) {
    let position = ownStart + n / half;
    let i = n % half;
    if (position < shape.sequence) {
      let cosine = rotation[position * headVectors + i];
      let sine = rotation[position * headVectors + half + i];
      let x = vec4f(leftOwned[n / half * stride + i]);
      let y = vec4f(leftOwned[n / half * stride + half + i]);
      let at = (first + position) * rowVectors() + head * headVectors + i;
      qkvGradient[at] = Stored(x * cosine + y * sine);
      qkvGradient[at + half] = Stored(y * cosine - x * sine);
    }
  }
}

@compute @workgroup_size(lanesX, lanesY)
fn backwardQuery(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let place = placeOf(local);
  let head = group.y;
  let first = group.z * shape.sequence;
  let ownStart = (groups.x - 1 - group.x) * owned;
  let keyHead = shape.heads + head / (shape.heads / shape.keyValueHeads);
  for (var i = place.lane; i < owned * headVectors; i += lanes) {
    leftOwned[memoryAt(i)] = qkv[qkvAt(first, ownStart, i, head)];
    rightOwned[memoryAt(i)] = outputGradient[outputAt(first, ownStart, i, head)];
  }
  let query = ownedRows(place, ownStart);
  let sumAt = (first + min(query, vec4u(shape.sequence - 1))) * shape.heads + head;
  var delta = vec4f();
  for (var c = 0u; c < 4; c++) {
    for (var i = 0u; i < headVectors; i++) {
      let at = sumAt[c] * headVectors + i;
      delta[c] += dot(vec4f(outputGradient[at]), vec4f(savedOutput[at]));
    }
    if (place.x == 0 && query[c] < shape.sequence) {
      deltas[sumAt[c]] = delta[c];
    }
  }
  let logSum = vec4f(savedLogSums[sumAt.x], savedLogSums[sumAt.y], savedLogSums[sumAt.z], savedLogSums[sumAt.w]);
  let begin = documentStarts(first, query);
  let end = min(ownStart + owned, shape.sequence);
  for (var start = documentStart(first, ownStart); start < end; start += tile) {
    for (var i = place.lane; i < tile * headVectors; i += lanes) {
      leftTile[memoryAt(i)] = qkv[qkvAt(first, start, i, keyHead)];
      rightTile[memoryAt(i)] = qkv[qkvAt(first, start, i, keyHead + shape.keyValueHeads)];
    }
    workgroupBarrier();
    let scores = leftProducts(place) * scoreScale();
    let changes = rightProducts(place);
    let key = tileRows(place, start);
    for (var c = 0u; c < 4; c++) {
      let seen = (begin <= vec4u(key[c])) & (vec4u(key[c]) <= query);
      let probabilities = select(vec4f(), exp(scores[c] - logSum), seen);
      weights[(place.x + c * lanesX) * lanesY + place.y] = probabilities * (changes[c] - delta);
    }
    workgroupBarrier();
    addLeft(place, min(tile, end - start));
    workgroupBarrier();
  }
  storeTurnedBack(place, first, ownStart, head);
}

@compute @workgroup_size(lanesX, lanesY)
fn backwardKeyValue(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let place = placeOf(local);
  let keyHead = shape.heads + group.y;
  let valueHead = keyHead + shape.keyValueHeads;
  let first = group.z * shape.sequence;
  let ownStart = group.x * owned;
  for (var i = place.lane; i < owned * headVectors; i += lanes) {
    leftOwned[memoryAt(i)] = qkv[qkvAt(first, ownStart, i, keyHead)];
    rightOwned[memoryAt(i)] = qkv[qkvAt(first, ownStart, i, valueHead)];
  }
  let key = ownedRows(place, ownStart);
  let end = documentEnds(first, key);
  let lastEnd = documentEnd(first, ownStart + owned - 1);
  let share = shape.heads / shape.keyValueHeads;
  for (var head = group.y * share; head < (group.y + 1) * share; head++) {
    for (var start = ownStart / tile * tile; start < lastEnd; start += tile) {
      for (var i = place.lane; i < tile * headVectors; i += lanes) {
        leftTile[memoryAt(i)] = qkv[qkvAt(first, start, i, head)];
        rightTile[memoryAt(i)] = outputGradient[outputAt(first, start, i, head)];
      }
      workgroupBarrier();
      let scores = leftProducts(place) * scoreScale();
      let changes = rightProducts(place);
      let query = tileRows(place, start);
      for (var c = 0u; c < 4; c++) {
        let sumAt = (first + min(query[c], shape.sequence - 1)) * shape.heads + head;
        let seen = (key <= vec4u(query[c])) & (vec4u(query[c]) < end);
        let probabilities = select(vec4f(), exp(scores[c] - savedLogSums[sumAt]), seen);
        let at = (place.x + c * lanesX) * lanesY + place.y;
        rightWeights[at] = probabilities;
        weights[at] = probabilities * (changes[c] - savedDeltas[sumAt]);
      }
      workgroupBarrier();
      addLeft(place, min(tile, lastEnd - start));
      addRight(place, min(tile, lastEnd - start));
      workgroupBarrier();
    }
  }
  for (var c = 0u; c < 4; c++) {
    if (key[c] < shape.sequence) {
      let at = (first + key[c]) * rowVectors() + valueHead * headVectors;
      for (var i = 0u; i < sumVectors; i++) {
        if (place.x + i * lanesX < headVectors) {
          qkvGradient[at + place.x + i * lanesX] = Stored(rightSums[i][c]);
        }
      }
    }
  }
  storeTurnedBack(place, first, ownStart, keyHead);
}
