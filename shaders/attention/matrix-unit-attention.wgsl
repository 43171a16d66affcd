// Loops of attention.wgsl for GPUs with matrix units (matrix-units.wgsl); they use the tables of matrix-unit-tables.wgsl. Each
// subgroup owns as many rows as a unit, queries (keys) of one head; the workgroup walks over tiles of keys (queries) in memory.
//
// "Left" rows give the scores: queries and keys. "Right" rows are used with the scores: values and the output's gradients.
// Forward makes two passes: sums in units cannot be rescaled when a row's maximum grows, so its log-sum-exp is computed first.
// Rows beyond the sequence repeat its last row and have weight 0.

override headVectors: u32 = 8;

var<workgroup> queryValues: array<vec2f, 64>; // for keys and values: log-sum and delta of each row of the tile

struct Place {
  local: u32,
  first: u32,    // first row of the window
  ownStart: u32, // position of the workgroup's first row
}

// The position of the lane's row.
fn ownPosition(place: Place, subgroup: u32) -> u32 {
  return place.ownStart + subgroup * unitRows + lane / rowLanes;
}

fn rowOf(place: Place, position: u32) -> u32 {
  return place.first + min(position, shape.sequence - 1);
}

// Loads `count` rows of a head into workgroup memory; heads are numbered through queries, keys and values.
fn bringQkv(place: Place, at: u32, start: u32, count: u32, head: u32) {
  for (var i = place.local; i < count * headVectors; i += lanes) {
    let source = rowOf(place, start + i / headVectors) * rowVectors() + head * headVectors + i % headVectors;
    memory[at + i / headVectors * rowStride + i % headVectors] = elementOf(vec4<Operand>(qkv[source]));
  }
}

fn bringOutputGradient(place: Place, at: u32, start: u32, count: u32, head: u32) {
  for (var i = place.local; i < count * headVectors; i += lanes) {
    let source = (rowOf(place, start + i / headVectors) * shape.heads + head) * headVectors + i % headVectors;
    memory[at + i / headVectors * rowStride + i % headVectors] = elementOf(vec4<Operand>(outputGradient[source]));
  }
}

// Reverses the rotation of a head's sums and stores them; heads are numbered like in `qkv`.
fn storeTurnedBack(place: Place, subgroup: u32, head: u32, sums: ptr<function, array<SumUnit, mostColumns>>) {
  putSums(subgroup, sums);
  let half = headVectors / 2;
  for (var n = lane; n < unitRows * half; n += subgroupLanes) {
    let position = place.ownStart + subgroup * unitRows + n / half;
    let i = n % half;
    if (position < shape.sequence) {
      let cosine = rotation[position * headVectors + i];
      let sine = rotation[position * headVectors + half + i];
      let x = sumAt(subgroup, n / half, i) * scoreScale();
      let y = sumAt(subgroup, n / half, i + half) * scoreScale();
      let at = (place.first + position) * rowVectors() + head * headVectors + i;
      qkvGradient[at] = Stored(x * cosine + y * sine);
      qkvGradient[at + half] = Stored(y * cosine - x * sine);
    }
  }
}

fn highest(x: vec4f) -> f32 {
  return max(max(x.x, x.y), max(x.z, x.w));
}

// The scores of a query, whose document begins at `begin`, with four keys from `key` on.
fn seenScores(products: vec4f, key: u32, begin: u32, query: u32) -> vec4f {
  let keys = key + vec4u(0, 1, 2, 3);
  return select(vec4f(lowest), products * scoreScale(), (vec4u(begin) <= keys) & (keys <= vec4u(query)));
}

@compute @workgroup_size(lanes)
fn forward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_id) subgroup: u32,
  @builtin(subgroup_invocation_id) ownLane: u32,
) {
  lane = ownLane;
  let ownStart = (groups.x - 1 - group.x) * owned; // start with the longest loops
  let first = group.z * shape.sequence;
  let place = Place(local, first, ownStart);
  let head = group.y;
  let keyHead = shape.heads + head / (shape.heads / shape.keyValueHeads);
  bringQkv(place, 0, place.ownStart, owned, head);
  var queries = ownUnits(subgroup);
  let query = ownPosition(place, subgroup);
  let begin = documentStart(first, query);
  let firstStart = documentStart(first, ownStart);
  let end = min(ownStart + owned, shape.sequence);
  var top = lowest;
  var total = 0.0;
  for (var start = firstStart; start < end; start += tile) {
    bringQkv(place, 0, start, tile, keyHead);
    workgroupBarrier();
    putProducts(&queries, 0, tableAt(subgroup));
    workgroupBarrier();
    for (var i = 0u; i < quads; i++) {
      let scores = seenScores(productsAt(tableAt(subgroup), columnOf(i)), start + columnOf(i), begin, query);
      let newTop = max(top, highest(scores));
      total = total * exp(top - newTop) + dot(exp(scores - newTop), vec4f(1));
      top = newTop;
    }
  }
  // A lane without a key has the lowest possible maximum, so that its sums get weight 0 beside its neighbours'.
  let rowTop = rowHighest(top);
  let logSum = rowTop + log(rowSum(total * exp(top - rowTop)));
  if (lane % rowLanes == 0 && query < shape.sequence) {
    logSums[(place.first + query) * shape.heads + head] = logSum;
  }

  var sums: array<SumUnit, mostColumns>;
  for (var start = firstStart; start < end; start += tile) {
    workgroupBarrier();
    bringQkv(place, 0, start, tile, keyHead);
    bringQkv(place, rightAt, start, tile, keyHead + shape.keyValueHeads);
    workgroupBarrier();
    putProducts(&queries, 0, tableAt(subgroup));
    workgroupBarrier();
    var weights: array<vec4f, mostQuads>;
    for (var i = 0u; i < quads; i++) {
      let scores = seenScores(productsAt(tableAt(subgroup), columnOf(i)), start + columnOf(i), begin, query);
      weights[i] = exp(scores - logSum);
    }
    workgroupBarrier();
    putWeights(tableAt(subgroup), weights);
    workgroupBarrier();
    addWeighted(&sums, tableAt(subgroup), rightAt);
  }
  putSums(subgroup, &sums);
  for (var n = lane; n < unitRows * headVectors; n += subgroupLanes) {
    let position = place.ownStart + subgroup * unitRows + n / headVectors;
    if (position < shape.sequence) {
      let at = ((place.first + position) * shape.heads + head) * headVectors + n % headVectors;
      output[at] = Stored(sumAt(subgroup, n / headVectors, n % headVectors));
    }
  }
}

@compute @workgroup_size(lanes)
fn backwardQuery(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_id) subgroup: u32,
  @builtin(subgroup_invocation_id) ownLane: u32,
) {
  lane = ownLane;
  let ownStart = (groups.x - 1 - group.x) * owned;
  let first = group.z * shape.sequence;
  let place = Place(local, first, ownStart);
  let head = group.y;
  let keyHead = shape.heads + head / (shape.heads / shape.keyValueHeads);
  bringQkv(place, 0, place.ownStart, owned, head);
  var queries = ownUnits(subgroup);
  bringOutputGradient(place, 0, place.ownStart, owned, head);
  var changes = ownUnits(subgroup);
  let query = ownPosition(place, subgroup);
  let savedAt = rowOf(place, query) * shape.heads + head;
  var share = 0.0;
  for (var i = lane % rowLanes; i < headVectors; i += rowLanes) {
    let at = savedAt * headVectors + i;
    share += dot(vec4f(outputGradient[at]), vec4f(savedOutput[at]));
  }
  let delta = rowSum(share);
  if (lane % rowLanes == 0 && query < shape.sequence) {
    deltas[savedAt] = delta;
  }
  let logSum = savedLogSums[savedAt];
  var sums: array<SumUnit, mostColumns>;
  let begin = documentStart(first, query);
  let end = min(ownStart + owned, shape.sequence);
  for (var start = documentStart(first, ownStart); start < end; start += tile) {
    workgroupBarrier();
    bringQkv(place, 0, start, tile, keyHead);
    bringQkv(place, rightAt, start, tile, keyHead + shape.keyValueHeads);
    workgroupBarrier();
    putProducts(&queries, 0, tableAt(subgroup));
    putProducts(&changes, rightAt, tableAt(subgroup) + scoreSize);
    workgroupBarrier();
    var weights: array<vec4f, mostQuads>;
    for (var i = 0u; i < quads; i++) {
      let scores = seenScores(productsAt(tableAt(subgroup), columnOf(i)), start + columnOf(i), begin, query);
      let change = productsAt(tableAt(subgroup) + scoreSize, columnOf(i)) - delta;
      weights[i] = exp(scores - logSum) * change;
    }
    workgroupBarrier();
    putWeights(tableAt(subgroup), weights);
    workgroupBarrier();
    addWeighted(&sums, tableAt(subgroup), 0);
  }
  storeTurnedBack(place, subgroup, head, &sums);
}

@compute @workgroup_size(lanes)
fn backwardKeyValue(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_id) subgroup: u32,
  @builtin(subgroup_invocation_id) ownLane: u32,
) {
  lane = ownLane;
  let ownStart = group.x * owned;
  let first = group.z * shape.sequence;
  let place = Place(local, first, ownStart);
  let keyHead = shape.heads + group.y;
  let valueHead = keyHead + shape.keyValueHeads;
  bringQkv(place, 0, place.ownStart, owned, keyHead);
  var keys = ownUnits(subgroup);
  bringQkv(place, 0, place.ownStart, owned, valueHead);
  var values = ownUnits(subgroup);
  let key = ownPosition(place, subgroup);
  var keySums: array<SumUnit, mostColumns>;
  var valueSums: array<SumUnit, mostColumns>;
  let end = documentEnd(first, key);
  let lastEnd = documentEnd(first, ownStart + owned - 1);
  let share = shape.heads / shape.keyValueHeads;
  for (var head = group.y * share; head < (group.y + 1) * share; head++) {
    for (var start = ownStart / tile * tile; start < lastEnd; start += tile) {
      workgroupBarrier();
      bringQkv(place, 0, start, tile, head);
      bringOutputGradient(place, rightAt, start, tile, head);
      if (local < tile) {
        let at = rowOf(place, start + local) * shape.heads + head;
        queryValues[local] = vec2f(savedLogSums[at], savedDeltas[at]);
      }
      workgroupBarrier();
      putProducts(&keys, 0, tableAt(subgroup));
      putProducts(&values, rightAt, tableAt(subgroup) + scoreSize);
      workgroupBarrier();
      var keyWeights: array<vec4f, mostQuads>;
      var valueWeights: array<vec4f, mostQuads>;
      for (var i = 0u; i < quads; i++) {
        let c = columnOf(i);
        let products = productsAt(tableAt(subgroup), c) * scoreScale();
        let change = productsAt(tableAt(subgroup) + scoreSize, c);
        let query = start + c + vec4u(0, 1, 2, 3);
        let logSum = vec4f(queryValues[c].x, queryValues[c + 1].x, queryValues[c + 2].x, queryValues[c + 3].x);
        let delta = vec4f(queryValues[c].y, queryValues[c + 1].y, queryValues[c + 2].y, queryValues[c + 3].y);
        let seen = (vec4u(key) <= query) & (query < vec4u(end));
        valueWeights[i] = select(vec4f(), exp(products - logSum), seen);
        keyWeights[i] = valueWeights[i] * (change - delta);
      }
      workgroupBarrier();
      putWeights(tableAt(subgroup), keyWeights);
      putWeights(tableAt(subgroup) + scoreSize, valueWeights);
      workgroupBarrier();
      addWeighted(&keySums, tableAt(subgroup), 0);
      addWeighted(&valueSums, tableAt(subgroup) + scoreSize, rightAt);
    }
  }
  putSums(subgroup, &valueSums);
  for (var n = lane; n < unitRows * headVectors; n += subgroupLanes) {
    let position = place.ownStart + subgroup * unitRows + n / headVectors;
    if (position < shape.sequence) {
      let at = (place.first + position) * rowVectors() + valueHead * headVectors + n % headVectors;
      qkvGradient[at] = Stored(sumAt(subgroup, n / headVectors, n % headVectors));
    }
  }
  storeTurnedBack(place, subgroup, keyHead, &keySums);
}
