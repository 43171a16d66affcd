// Loops of linear.wgsl for GPUs: a workgroup walks through both matrices in tiles, which it keeps in workgroup memory as
// 32-bit floats; an invocation adds up 4 or 8 rows of two vec4 in registers.
//
// For each k, a tile holds the rows and the columns of the product in fours ("quads"), a vec4 each, so that a step is an
// outer product of a few of them. They come in "blocks" of one quad and 4 k; what lies along k in memory is transposed on
// the way. Loads are clamped; stores are guarded.

override lanesX: u32 = 8;
override lanesY: u32 = 8;
override quadRows: u32 = 1;  // quads of rows of an invocation, 1 or 2
override tileDepth: u32 = 4; // blocks along k

override lanes = lanesX * lanesY;
override leftQuads = lanesY * quadRows;
override rightQuads = lanesX * 2;
override leftBlocks = leftQuads * tileDepth;
override rightBlocks = rightQuads * tileDepth;

var<workgroup> leftTile: array<vec4f, 4 * leftBlocks>;
var<workgroup> rightTile: array<vec4f, 4 * rightBlocks>;

// Which product of linear.wgsl.
const toOutput = 0u;
const toInput = 1u;
const toWeight = 2u;

// Rows `first` to `first + 3`, of each the vec4 `at`; instead of rows beyond `count` the last.
fn leftRows(first: u32, count: u32, stride: u32, at: u32) -> mat4x4f {
  let row = min(vec4u(first, first + 1, first + 2, first + 3), vec4u(count - 1)) * stride + at;
  return mat4x4f(vec4f(left[row.x]), vec4f(left[row.y]), vec4f(left[row.z]), vec4f(left[row.w]));
}

fn rightRows(first: u32, count: u32, stride: u32, at: u32) -> mat4x4f {
  let row = min(vec4u(first, first + 1, first + 2, first + 3), vec4u(count - 1)) * stride + at;
  return mat4x4f(vec4f(right[row.x]), vec4f(right[row.y]), vec4f(right[row.z]), vec4f(right[row.w]));
}

// The quad and the depth, in fours, of a block: neighbouring invocations read what is side by side in memory.
fn placeOf(block: u32, quads: u32, alongDepth: bool) -> vec2u {
  if (alongDepth) {
    return vec2u(block / tileDepth, block % tileDepth);
  }
  return vec2u(block % quads, block / quads);
}

// Column j is the quad's at the j-th k from `k` on.
fn leftBlock(product: u32, group: vec3u, quad: u32, k: u32) -> mat4x4f {
  let at = group.y * leftQuads + quad;
  if (product == toWeight) {
    let stride = shape.rows / 4;
    return leftRows(k, shape.depth, stride, min(at, stride - 1));
  }
  return transpose(leftRows(4 * at, shape.rows, shape.depth, min(k / 4, shape.depth - 1)));
}

fn rightBlock(product: u32, group: vec3u, quad: u32, k: u32) -> mat4x4f {
  let last = shape.columns - 1;
  if (product == toOutput) {
    let column = firstOfPair(group.x * lanesX + quad % lanesX) + quad / lanesX * shape.span;
    return transpose(rightRows(4 * min(column, last), 4 * shape.columns, shape.depth, min(k / 4, shape.depth - 1)));
  }
  let count = select(4 * shape.depth, shape.depth, product == toWeight);
  return rightRows(k, count, shape.columns, min(group.x * rightQuads + quad, last));
}

fn bringBlock(product: u32, group: vec3u, block: u32, start: u32) {
  if (block < leftBlocks) {
    let place = placeOf(block, leftQuads, product != toWeight);
    let values = leftBlock(product, group, place.x, start + 4 * place.y);
    let at = 4 * place.y * leftQuads + place.x;
    leftTile[at] = values[0];
    leftTile[at + leftQuads] = values[1];
    leftTile[at + 2 * leftQuads] = values[2];
    leftTile[at + 3 * leftQuads] = values[3];
  } else {
    let place = placeOf(block - leftBlocks, rightQuads, product == toOutput);
    let values = rightBlock(product, group, place.x, start + 4 * place.y);
    let at = 4 * place.y * rightQuads + place.x;
    rightTile[at] = values[0];
    rightTile[at + rightQuads] = values[1];
    rightTile[at + 2 * rightQuads] = values[2];
    rightTile[at + 3 * rightQuads] = values[3];
  }
}

// Of an invocation: its rows of the left of its two columns, and of the right one; four rows a matrix, a column each.
struct Sums {
  near: array<mat4x4f, 2>,
  far: array<mat4x4f, 2>,
}

fn sumsOf(product: u32, group: vec3u, local: vec3u) -> Sums {
  let lane = local.y * lanesX + local.x;
  let end = select(4 * shape.depth, shape.depth, product == toWeight);
  var sums = Sums();
  for (var start = 0u; start < end; start += 4 * tileDepth) {
    for (var block = lane; block < leftBlocks + rightBlocks; block += lanes) {
      bringBlock(product, group, block, start);
    }
    workgroupBarrier();
    for (var k = 0u; k < min(4 * tileDepth, end - start); k++) {
      let near = rightTile[k * rightQuads + local.x];
      let far = rightTile[k * rightQuads + lanesX + local.x];
      for (var i = 0u; i < quadRows; i++) {
        let x = leftTile[k * leftQuads + i * lanesY + local.y];
        sums.near[i] += mat4x4f(near * x.x, near * x.y, near * x.z, near * x.w);
        sums.far[i] += mat4x4f(far * x.x, far * x.y, far * x.z, far * x.w);
      }
    }
    workgroupBarrier();
  }
  return sums;
}

fn firstRow(group: vec3u, local: vec3u, i: u32) -> u32 {
  return 4 * (group.y * leftQuads + i * lanesY + local.y);
}

@compute @workgroup_size(lanesX, lanesY)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  var sums = sumsOf(toOutput, group, local);
  let first = firstOfPair(group.x * lanesX + local.x);
  for (var i = 0u; i < quadRows; i++) {
    for (var j = 0u; j < 4; j++) {
      storePair(firstRow(group, local, i) + j, first, sums.near[i][j], sums.far[i][j]);
    }
  }
}

@compute @workgroup_size(lanesX, lanesY)
fn backwardInput(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  var sums = sumsOf(toInput, group, local);
  let column = group.x * rightQuads + local.x;
  for (var i = 0u; i < quadRows; i++) {
    for (var j = 0u; j < 4; j++) {
      storeInput(firstRow(group, local, i) + j, column, sums.near[i][j]);
      storeInput(firstRow(group, local, i) + j, column + lanesX, sums.far[i][j]);
    }
  }
}

@compute @workgroup_size(lanesX, lanesY)
fn backwardWeight(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  var sums = sumsOf(toWeight, group, local);
  let column = group.x * rightQuads + local.x;
  for (var i = 0u; i < quadRows; i++) {
    for (var j = 0u; j < 4; j++) {
      if (column < shape.columns) {
        storeWeight(firstRow(group, local, i) + j, column, sums.near[i][j]);
      }
      if (column + lanesX < shape.columns) {
        storeWeight(firstRow(group, local, i) + j, column + lanesX, sums.far[i][j]);
      }
    }
  }
}
