// Loops of linear.wgsl for adapters whose subgroups have 8 lanes: a CPU's vectors.
//
// What is slow there is a load, which goes lane by lane. So each lane loads another row of `left`, which all need, and
// passes it round. A workgroup is one subgroup; an invocation holds 16 rows of a pair of vec4 (backwardInput: of one;
// backwardWeight: 32 rows of one) in registers, four rows a matrix. Every lane takes part in every broadcast: loads are
// clamped, stores are guarded.

// The vectors that lanes 0 to 3 hold, as columns.
fn lowLanes(x: vec4f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(x, 0u), subgroupBroadcast(x, 1u), subgroupBroadcast(x, 2u), subgroupBroadcast(x, 3u));
}

// The vectors that lanes 4 to 7 hold, as columns.
fn highLanes(x: vec4f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(x, 4u), subgroupBroadcast(x, 5u), subgroupBroadcast(x, 6u), subgroupBroadcast(x, 7u));
}

fn rightRows(at: u32, step: u32) -> mat4x4f {
  return mat4x4f(
    vec4f(right[at]), vec4f(right[at + step]), vec4f(right[at + 2 * step]), vec4f(right[at + 3 * step]));
}

// The stores are loops over rows, not one store after another: they are rare, and a CPU adapter compiles them slowly.
fn storePairs(row: u32, first: u32, a: array<mat4x4f, 4>, b: array<mat4x4f, 4>) {
  var near = a;
  var far = b;
  for (var i = 0u; i < 16; i++) {
    storePair(row + i, first, near[i / 4][i % 4], far[i / 4][i % 4]);
  }
}

fn storeInputs(row: u32, column: u32, sums: array<mat4x4f, 4>) {
  var values = sums;
  for (var i = 0u; i < 16; i++) {
    storeInput(row + i, column, values[i / 4][i % 4]);
  }
}

fn storeWeights(row: u32, column: u32, values: mat4x4f) {
  for (var i = 0u; i < 4 && row + i < shape.rows; i++) {
    storeWeight(row + i, column, values[i]);
  }
}

@compute @workgroup_size(8)
fn forward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let row = group.y * 16;
  let first = firstOfPair(group.x * 8 + local.x);
  let last = shape.columns - 1;
  let depth = shape.depth;
  let low = min(row + lane, shape.rows - 1) * depth;
  let high = min(row + 8 + lane, shape.rows - 1) * depth;
  let nearAt = 4 * min(first, last) * depth;
  let farAt = 4 * min(first + shape.span, last) * depth;
  var a0 = mat4x4f();
  var a4 = mat4x4f();
  var a8 = mat4x4f();
  var a12 = mat4x4f();
  var b0 = mat4x4f();
  var b4 = mat4x4f();
  var b8 = mat4x4f();
  var b12 = mat4x4f();
  for (var k = 0u; k < depth; k++) {
    let near = transpose(rightRows(nearAt + k, depth));
    let far = transpose(rightRows(farAt + k, depth));
    let x = vec4f(left[low + k]);
    let x0 = lowLanes(x);
    a0 += near * x0;
    b0 += far * x0;
    let x4 = highLanes(x);
    a4 += near * x4;
    b4 += far * x4;
    let y = vec4f(left[high + k]);
    let x8 = lowLanes(y);
    a8 += near * x8;
    b8 += far * x8;
    let x12 = highLanes(y);
    a12 += near * x12;
    b12 += far * x12;
  }
  storePairs(row, first, array(a0, a4, a8, a12), array(b0, b4, b8, b12));
}

@compute @workgroup_size(8)
fn backwardInput(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let row = group.y * 16;
  let column = group.x * 8 + local.x;
  let columns = shape.columns;
  let depth = shape.depth;
  let low = min(row + lane, shape.rows - 1) * depth;
  let high = min(row + 8 + lane, shape.rows - 1) * depth;
  var b = min(column, columns - 1);
  var c0 = mat4x4f();
  var c4 = mat4x4f();
  var c8 = mat4x4f();
  var c12 = mat4x4f();
  for (var k = 0u; k < depth; k++) {
    let w = rightRows(b, columns);
    b += 4 * columns;
    let x = vec4f(left[low + k]);
    c0 += w * lowLanes(x);
    c4 += w * highLanes(x);
    let y = vec4f(left[high + k]);
    c8 += w * lowLanes(y);
    c12 += w * highLanes(y);
  }
  storeInputs(row, column, array(c0, c4, c8, c12));
}

// Column i is y[i] x.
fn outer(x: vec4f, y: vec4f) -> mat4x4f {
  return mat4x4f(x * y.x, x * y.y, x * y.z, x * y.w);
}

// Here rows (out) are a multiple of 4, too.
@compute @workgroup_size(8)
fn backwardWeight(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let row = group.y * 32;
  let column = group.x * 8 + local.x;
  let columns = shape.columns;
  let rows = shape.rows / 4;
  var a = min(group.y * 8 + lane, rows - 1);
  var b = min(column, columns - 1);
  var c0 = mat4x4f();
  var c4 = mat4x4f();
  var c8 = mat4x4f();
  var c12 = mat4x4f();
  var c16 = mat4x4f();
  var c20 = mat4x4f();
  var c24 = mat4x4f();
  var c28 = mat4x4f();
  for (var k = 0u; k < shape.depth; k++) {
    let x = vec4f(right[b]);
    let y = vec4f(left[a]);
    a += rows;
    b += columns;
    c0 += outer(x, subgroupBroadcast(y, 0u));
    c4 += outer(x, subgroupBroadcast(y, 1u));
    c8 += outer(x, subgroupBroadcast(y, 2u));
    c12 += outer(x, subgroupBroadcast(y, 3u));
    c16 += outer(x, subgroupBroadcast(y, 4u));
    c20 += outer(x, subgroupBroadcast(y, 5u));
    c24 += outer(x, subgroupBroadcast(y, 6u));
    c28 += outer(x, subgroupBroadcast(y, 7u));
  }
  if (column < columns) {
    storeWeights(row, column, c0);
    storeWeights(row + 4, column, c4);
    storeWeights(row + 8, column, c8);
    storeWeights(row + 12, column, c12);
    storeWeights(row + 16, column, c16);
    storeWeights(row + 20, column, c20);
    storeWeights(row + 24, column, c24);
    storeWeights(row + 28, column, c28);
  }
}
