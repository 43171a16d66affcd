// Loops of linear.wgsl for GPUs; they use tiles.wgsl. Loads are clamped; stores are guarded.

// The products of linear.wgsl.
const toOutput = 0u;
const toInput = 1u;
const toWeight = 2u;

fn depthOf(product: u32) -> u32 {
  return select(4 * shape.depth, shape.depth, product == toWeight);
}

fn leftAlong(product: u32) -> bool {
  return product != toWeight;
}

fn rightAlong(product: u32) -> bool {
  return product == toOutput;
}

// The vec4 `at` of the rows `first` to `first + 3`; rows beyond `count` are replaced by the last one.
fn leftRows(first: u32, count: u32, stride: u32, at: u32) -> mat4x4f {
  let row = min(vec4u(first, first + 1, first + 2, first + 3), vec4u(count - 1)) * stride + at;
  return mat4x4f(vec4f(left[row.x]), vec4f(left[row.y]), vec4f(left[row.z]), vec4f(left[row.w]));
}

fn rightRows(first: u32, count: u32, stride: u32, at: u32) -> mat4x4f {
  let row = min(vec4u(first, first + 1, first + 2, first + 3), vec4u(count - 1)) * stride + at;
  return mat4x4f(vec4f(right[row.x]), vec4f(right[row.y]), vec4f(right[row.z]), vec4f(right[row.w]));
}

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
  return rightRows(k, depthOf(product), shape.columns, min(group.x * rightQuads + quad, last));
}

@compute @workgroup_size(lanesX, lanesY)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  var sums = sumsOf(toOutput, group, local);
  let first = firstOfPair(group.x * lanesX + local.x);
  for (var i = 0u; i < quadRows; i++) {
    for (var j = 0u; j < 4; j++) {
      storePair(4 * quadRow(group, local, i) + j, first, sums.near[i][j], sums.far[i][j]);
    }
  }
}

@compute @workgroup_size(lanesX, lanesY)
fn backwardInput(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  var sums = sumsOf(toInput, group, local);
  let column = group.x * rightQuads + local.x;
  for (var i = 0u; i < quadRows; i++) {
    for (var j = 0u; j < 4; j++) {
      storeInput(4 * quadRow(group, local, i) + j, column, sums.near[i][j]);
      storeInput(4 * quadRow(group, local, i) + j, column + lanesX, sums.far[i][j]);
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
        storeWeight(4 * quadRow(group, local, i) + j, column, sums.near[i][j]);
      }
      if (column + lanesX < shape.columns) {
        storeWeight(4 * quadRow(group, local, i) + j, column + lanesX, sums.far[i][j]);
      }
    }
  }
}
