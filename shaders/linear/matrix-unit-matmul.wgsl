// Loops of linear.wgsl for GPUs with matrix units (matrix-units.wgsl). A workgroup walks through both matrices in tiles, which
// it loads into workgroup memory, converted to the units' operands. Each of its subgroups holds the sums of up to 4 x 4 units.
//
// A tile's rows lie along k like the matrix ("along": memory[row][k]) or across it (memory[k][row]); only the loads into units
// transpose. Rows are padded by 16 bytes, so that eight of them begin in different banks. While a tile is used, the next one is
// loaded into registers. At the end the sums pass through the same memory to the epilogue.
// Loads are clamped, and zero beyond the depth; stores are guarded.

override subgroupsX: u32 = 2; // in a workgroup
override subgroupsY: u32 = 2;
override unitsX: u32 = 2;     // in a subgroup, at most 4; even
override unitsY: u32 = 2;     // at most 4
override tileDepth: u32 = 8;  // in vec4; a tile is at most as deep as it has rows or columns

override lanes = subgroupsX * subgroupsY * subgroupLanes;
override tileRows = subgroupsY * unitsY * unitRows;
override tileColumns = subgroupsX * unitsX * unitColumns;
override leftEach = tileRows * tileDepth / lanes; // vec4 that an invocation loads, at most `mostEach`
override rightEach = tileColumns * tileDepth / lanes;
override rightAt = tileRows * (tileDepth + padding);
override sumStride = unitsX * unitColumns / 4 * sumElements + padding;
override subgroupSums = unitRows * sumStride;

const mostEach = 256 / subgroupLanes;

var<workgroup> memory: array<Element, max(
  (tileRows + tileColumns) * (tileDepth + padding), subgroupsX * subgroupsY * subgroupSums)>;

var<private> lane: u32; // lane in the subgroup

// The products of linear.wgsl.
const toOutput = 0u;
const toInput = 1u;
const toWeight = 2u;

// Source and destination of a workgroup's matrix: `along` k or across it.
struct Side {
  along: bool,
  extent: u32, // number of rows or columns of the tile
  stride: u32, // distance of the tile's rows in memory
  step: u32,   // distance in the matrix from one tile to the next
}

fn sideOf(along: bool, extent: u32, matrixStride: u32) -> Side {
  if (along) {
    return Side(true, extent, tileDepth + padding, tileDepth);
  }
  return Side(false, extent, extent / 4 + padding, 4 * tileDepth * matrixStride);
}

// The row (column) of the tile and the k of the invocation's i-th vec4; across k, the first of four rows.
fn placeOf(side: Side, i: u32) -> vec2u {
  if (side.along) {
    return vec2u(i / tileDepth, 4 * (i % tileDepth));
  }
  return vec2u(4 * (i % (side.extent / 4)), i / (side.extent / 4));
}

fn memoryAt(side: Side, i: u32) -> u32 {
  let place = placeOf(side, i);
  if (side.along) {
    return place.x * side.stride + place.y / 4;
  }
  return place.y * side.stride + place.x / 4;
}

// The index in `left` at which a row of the product begins, for a k of the first tile.
fn leftFrom(product: u32, group: vec3u, place: vec2u) -> u32 {
  let row = group.y * tileRows + place.x;
  if (product == toWeight) {
    let stride = shape.rows / 4;
    return place.y * stride + min(row / 4, stride - 1);
  }
  return min(row, shape.rows - 1) * shape.depth + place.y / 4;
}

// The pair of a tile's column in forward: units of first columns of pairs alternate with units of second columns.
fn pairOf(group: vec3u, tileColumn: u32) -> u32 {
  return (group.x * tileColumns + tileColumn / (2 * unitColumns) * 2 * unitColumns + tileColumn % unitColumns * 2) / 8;
}

fn rightFrom(product: u32, group: vec3u, place: vec2u) -> u32 {
  let last = shape.columns - 1;
  if (product == toOutput) {
    let column = firstOfPair(pairOf(group, place.x)) + place.x / unitColumns % 2 * shape.span;
    return (4 * min(column, last) + place.x % 4) * shape.depth + place.y / 4;
  }
  return place.y * shape.columns + min((group.x * tileColumns + place.x) / 4, last);
}

fn multiply(
  product: u32, group: vec3u, local: u32, subgroup: vec2u, sums: ptr<function, array<array<SumUnit, 4>, 4>>,
) {
  let leftSide = sideOf(product != toWeight, tileRows, shape.rows / 4);
  let rightSide = sideOf(product == toOutput, tileColumns, shape.columns);
  let end = select(4 * shape.depth, shape.depth, product == toWeight);
  var leftSource: array<u32, mostEach>;
  var rightSource: array<u32, mostEach>;
  for (var i = 0u; i < leftEach; i++) {
    leftSource[i] = leftFrom(product, group, placeOf(leftSide, local + i * lanes));
  }
  for (var i = 0u; i < rightEach; i++) {
    rightSource[i] = rightFrom(product, group, placeOf(rightSide, local + i * lanes));
  }
  var nextLeft: array<Stored, mostEach>;
  var nextRight: array<Stored, mostEach>;
  for (var start = 0u; ; start += 4 * tileDepth) {
    if (start < end) {
      for (var i = 0u; i < leftEach; i++) {
        nextLeft[i] = Stored();
        if (start + placeOf(leftSide, local + i * lanes).y < end) {
          nextLeft[i] = left[leftSource[i]];
        }
        leftSource[i] += leftSide.step;
      }
      for (var i = 0u; i < rightEach; i++) {
        nextRight[i] = Stored();
        if (start + placeOf(rightSide, local + i * lanes).y < end) {
          nextRight[i] = right[rightSource[i]];
        }
        rightSource[i] += rightSide.step;
      }
    }
    if (start > 0) {
      addTile(leftSide, rightSide, subgroup, sums);
    }
    workgroupBarrier(); // wait until all have used the tile
    if (start >= end) {
      break;
    }
    for (var i = 0u; i < leftEach; i++) {
      memory[memoryAt(leftSide, local + i * lanes)] = elementOf(vec4<Operand>(nextLeft[i]));
    }
    for (var i = 0u; i < rightEach; i++) {
      memory[rightAt + memoryAt(rightSide, local + i * lanes)] = elementOf(vec4<Operand>(nextRight[i]));
    }
    workgroupBarrier();
  }
}

fn unitAt(side: Side, row: u32, k: u32) -> u32 {
  return select(k * side.stride + row / 4, row * side.stride + k / 4, side.along);
}

fn addTile(leftSide: Side, rightSide: Side, subgroup: vec2u, sums: ptr<function, array<array<SumUnit, 4>, 4>>) {
  for (var k = 0u; k < 4 * tileDepth; k += unitDepth) {
    var y: array<RightUnit, 4>;
    for (var j = 0u; j < unitsX; j++) {
      let column = (subgroup.x * unitsX + j) * unitColumns;
      y[j] = loadRight(rightAt + unitAt(rightSide, column, k), rightSide.stride, rightSide.along);
    }
    for (var i = 0u; i < unitsY; i++) {
      let row = (subgroup.y * unitsY + i) * unitRows;
      let x = loadLeft(unitAt(leftSide, row, k), leftSide.stride, !leftSide.along);
      for (var j = 0u; j < unitsX; j++) {
        (*sums)[i][j] = addProduct((*sums)[i][j], x, y[j]);
      }
    }
  }
}

// Stores a row of a subgroup's units as floats, to be read by `sumsOf`. All subgroups must call it together.
fn putSums(subgroup: u32, sums: array<SumUnit, 4>) {
  var units = sums;
  for (var j = 0u; j < unitsX; j++) {
    storeSums(subgroup * subgroupSums + j * unitColumns / 4 * sumElements, sumStride, units[j]);
  }
  workgroupBarrier();
}

// Four sums of a subgroup's row of units, from `column` on.
fn sumsOf(subgroup: u32, row: u32, column: u32) -> vec4f {
  return sumsAt(subgroup * subgroupSums + row * sumStride + column / 4 * sumElements);
}

@compute @workgroup_size(lanes)
fn forward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_id) index: u32,
  @builtin(subgroup_invocation_id) ownLane: u32,
) {
  lane = ownLane;
  let subgroup = vec2u(index % subgroupsX, index / subgroupsX);
  var sums: array<array<SumUnit, 4>, 4>;
  multiply(toOutput, group, local, subgroup, &sums);
  let pairs = unitsX * unitColumns / 8;
  for (var i = 0u; i < unitsY; i++) {
    putSums(index, sums[i]);
    let firstRow = group.y * tileRows + (subgroup.y * unitsY + i) * unitRows;
    for (var at = lane; at < unitRows * pairs; at += subgroupLanes) {
      let row = at / pairs;
      let pair = at % pairs;
      let column = pair / (unitColumns / 4) * 2 * unitColumns + pair % (unitColumns / 4) * 4;
      let first = firstOfPair(pairOf(group, subgroup.x * unitsX * unitColumns + column));
      storePair(firstRow + row, first, sumsOf(index, row, column), sumsOf(index, row, column + unitColumns));
    }
    workgroupBarrier();
  }
}

@compute @workgroup_size(lanes)
fn backwardInput(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_id) index: u32,
  @builtin(subgroup_invocation_id) ownLane: u32,
) {
  lane = ownLane;
  let subgroup = vec2u(index % subgroupsX, index / subgroupsX);
  var sums: array<array<SumUnit, 4>, 4>;
  multiply(toInput, group, local, subgroup, &sums);
  let columns = unitsX * unitColumns / 4;
  for (var i = 0u; i < unitsY; i++) {
    putSums(index, sums[i]);
    let firstRow = group.y * tileRows + (subgroup.y * unitsY + i) * unitRows;
    let firstColumn = group.x * tileColumns / 4 + subgroup.x * columns;
    for (var at = lane; at < unitRows * columns; at += subgroupLanes) {
      let sum = sumsOf(index, at / columns, at % columns * 4);
      storeInput(firstRow + at / columns, firstColumn + at % columns, sum);
    }
    workgroupBarrier();
  }
}

@compute @workgroup_size(lanes)
fn backwardWeight(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_id) index: u32,
  @builtin(subgroup_invocation_id) ownLane: u32,
) {
  lane = ownLane;
  let subgroup = vec2u(index % subgroupsX, index / subgroupsX);
  var sums: array<array<SumUnit, 4>, 4>;
  multiply(toWeight, group, local, subgroup, &sums);
  let columns = unitsX * unitColumns / 4;
  for (var i = 0u; i < unitsY; i++) {
    putSums(index, sums[i]);
    let firstRow = group.y * tileRows + (subgroup.y * unitsY + i) * unitRows;
    let firstColumn = group.x * tileColumns / 4 + subgroup.x * columns;
    for (var at = lane; at < unitRows * columns; at += subgroupLanes) {
      if (firstColumn + at % columns < shape.columns) {
        let sum = sumsOf(index, at / columns, at % columns * 4);
        storeWeight(firstRow + at / columns, firstColumn + at % columns, sum);
      }
    }
    workgroupBarrier();
  }
}
