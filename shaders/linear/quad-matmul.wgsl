
// Loops of linear.wgsl for adapters whose subgroups have 4 lanes, like SwiftShader. A workgroup is one subgroup; an invocation
// holds 32 rows of two vec4. Each lane reads a different row of `left` and exchanges it with the other lanes.
//
// On SwiftShader every load costs as much as ten products and sums, and even few variables are kept in memory, not in registers.
// So an invocation holds many sums, and reads two vec4 of each operand for 16 products of 4x4 matrices.

// Each column is a row; a row's two vec4 are adjacent.
var<private> sums: array<mat4x4f, 16>;

fn leftRows(at: vec4u) -> mat4x4f {
  return mat4x4f(vec4f(left[at.x]), vec4f(left[at.y]), vec4f(left[at.z]), vec4f(left[at.w]));
}

fn rightRows(at: vec4u) -> mat4x4f {
  return mat4x4f(vec4f(right[at.x]), vec4f(right[at.y]), vec4f(right[at.z]), vec4f(right[at.w]));
}

// x of four lanes: this lane, then the lanes whose numbers differ in the lower bit, in the upper bit, in both.
fn addProduct(i: u32, near: mat4x4f, far: mat4x4f, x: vec4f) {
  let rows = mat4x4f(x, quadSwapX(x), quadSwapY(x), quadSwapDiagonal(x));
  sums[2 * i] += near * rows;
  sums[2 * i + 1] += far * rows;
}

// Separate calls, because a loop would not be unrolled, and variable indices into `sums` cost as much as loads.
fn addProducts(near: mat4x4f, far: mat4x4f, low: mat4x4f, high: mat4x4f) {
  addProduct(0, near, far, low[0]);
  addProduct(1, near, far, low[1]);
  addProduct(2, near, far, low[2]);
  addProduct(3, near, far, low[3]);
  addProduct(4, near, far, high[0]);
  addProduct(5, near, far, high[1]);
  addProduct(6, near, far, high[2]);
  addProduct(7, near, far, high[3]);
}

@compute @workgroup_size(4)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let row = group.y * 32;
  let first = firstOfPair(group.x * 4 + lane);
  let depth = shape.depth;
  let last = vec4u(shape.rows - 1);
  let low = min(row + lane + vec4u(0, 4, 8, 12), last) * depth;
  let high = min(row + lane + vec4u(16, 20, 24, 28), last) * depth;
  let nearAt = (4 * min(first, shape.columns - 1) + vec4u(0, 1, 2, 3)) * depth;
  let farAt = (4 * min(first + shape.span, shape.columns - 1) + vec4u(0, 1, 2, 3)) * depth;
  for (var k = 0u; k < depth; k++) {
    let near = transpose(rightRows(nearAt + k));
    let far = transpose(rightRows(farAt + k));
    addProducts(near, far, leftRows(low + k), leftRows(high + k));
  }
  for (var i = 0u; i < 32; i++) {
    let r = row + (i ^ lane);
    storePair(r, first, sums[i / 4 * 2][i % 4], sums[i / 4 * 2 + 1][i % 4]);
  }
}

@compute @workgroup_size(4)
fn backwardInput(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let row = group.y * 32;
  let column = 2 * (group.x * 4 + lane);
  let columns = shape.columns;
  let depth = shape.depth;
  let last = vec4u(shape.rows - 1);
  let low = min(row + lane + vec4u(0, 4, 8, 12), last) * depth;
  let high = min(row + lane + vec4u(16, 20, 24, 28), last) * depth;
  let nearAt = min(column, columns - 1);
  let farAt = min(column + 1, columns - 1);
  for (var k = 0u; k < depth; k++) {
    let at = (4 * k + vec4u(0, 1, 2, 3)) * columns;
    addProducts(rightRows(nearAt + at), rightRows(farAt + at), leftRows(low + k), leftRows(high + k));
  }
  for (var i = 0u; i < 32; i++) {
    let r = row + (i ^ lane);
    storeInput(r, column, sums[i / 4 * 2][i % 4]);
    storeInput(r, column + 1, sums[i / 4 * 2 + 1][i % 4]);
  }
}

// Here rows (out) are also a multiple of 4, with 4 in each vector: four depths are read and transposed.
@compute @workgroup_size(4)
fn backwardWeight(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let row = group.y * 32;
  let column = 2 * (group.x * 4 + lane);
  let columns = shape.columns;
  let fours = shape.rows / 4;
  let low = min(row / 4 + lane, fours - 1);
  let high = min(row / 4 + 4 + lane, fours - 1);
  let nearAt = min(column, columns - 1);
  let farAt = min(column + 1, columns - 1);
  for (var start = 0u; start < shape.depth; start += 4) {
    let k = start + vec4u(0, 1, 2, 3);
    let there = vec4f(k < vec4u(shape.depth)); // loads beyond the end repeat the last and count as 0
    let at = min(k, vec4u(shape.depth - 1));
    let near = rightRows(nearAt + at * columns);
    let far = rightRows(farAt + at * columns);
    addProducts(
      mat4x4f(near[0] * there.x, near[1] * there.y, near[2] * there.z, near[3] * there.w),
      mat4x4f(far[0] * there.x, far[1] * there.y, far[2] * there.z, far[3] * there.w),
      transpose(leftRows(low + at * fours)),
      transpose(leftRows(high + at * fours)));
  }
  for (var i = 0u; i < 64; i++) {
    let r = row + i / 32 * 16 + 4 * (lane ^ (i % 4)) + i / 8 % 4;
    let c = column + i / 4 % 2;
    if (c < columns) {
      storeWeight(r, c, sums[i / 4][i % 4]);
    }
  }
}
