// The three products of matmul.wgsl, bound alike, for adapters whose subgroups have 8 lanes: a CPU's vectors.
//
// What is slow there is a load, which goes lane by lane. So each lane loads another row of `left`, which all need, and
// passes it round. A workgroup is one subgroup; an invocation holds 16 rows of 4 outputs (backwardWeight: 32) in registers,
// four rows a matrix. Every lane takes part in every broadcast: loads are clamped, stores are guarded.

enable subgroups;

struct Shape {
  rows: u32,
  columns: u32,
  depth: u32,
  hasAddend: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> left: array<vec4f>;
@group(0) @binding(2) var<storage, read> right: array<vec4f>;
@group(0) @binding(3) var<storage, read> addend: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> product: array<vec4f>;

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

fn storeSums(row: u32, column: u32, sums: mat4x4f) {
  for (var i = 0u; i < 4 && row + i < shape.rows; i++) {
    let at = (row + i) * (shape.columns / 4) + column;
    product[at] = sums[i] + select(vec4f(), addend[at], shape.hasAddend == 1u);
  }
}

@compute @workgroup_size(8)
fn forward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let row = group.y * 16;
  let column = group.x * 8 + local.x;
  let columns = shape.columns / 4;
  let depth = shape.depth / 4;
  let low = min(row + lane, shape.rows - 1) * depth;
  let high = min(row + 8 + lane, shape.rows - 1) * depth;
  let b = 4 * min(column, columns - 1) * depth;
  var c0 = mat4x4f();
  var c4 = mat4x4f();
  var c8 = mat4x4f();
  var c12 = mat4x4f();
  for (var k = 0u; k < depth; k++) {
    let w = transpose(mat4x4f(right[b + k], right[b + depth + k], right[b + 2 * depth + k], right[b + 3 * depth + k]));
    let x = left[low + k];
    c0 += w * lowLanes(x);
    c4 += w * highLanes(x);
    let y = left[high + k];
    c8 += w * lowLanes(y);
    c12 += w * highLanes(y);
  }
  if (column < columns) {
    storeSums(row, column, c0);
    storeSums(row + 4, column, c4);
    storeSums(row + 8, column, c8);
    storeSums(row + 12, column, c12);
  }
}

fn store(row: u32, column: u32, values: mat4x4f) {
  for (var i = 0u; i < 4 && row + i < shape.rows; i++) {
    product[(row + i) * (shape.columns / 4) + column] = values[i];
  }
}

@compute @workgroup_size(8)
fn backwardInput(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let row = group.y * 16;
  let column = group.x * 8 + local.x;
  let columns = shape.columns / 4;
  let depth = shape.depth / 4;
  let low = min(row + lane, shape.rows - 1) * depth;
  let high = min(row + 8 + lane, shape.rows - 1) * depth;
  var b = min(column, columns - 1);
  var c0 = mat4x4f();
  var c4 = mat4x4f();
  var c8 = mat4x4f();
  var c12 = mat4x4f();
  for (var k = 0u; k < depth; k++) {
    let w = mat4x4f(right[b], right[b + columns], right[b + 2 * columns], right[b + 3 * columns]);
    b += 4 * columns;
    let x = left[low + k];
    c0 += w * lowLanes(x);
    c4 += w * highLanes(x);
    let y = left[high + k];
    c8 += w * lowLanes(y);
    c12 += w * highLanes(y);
  }
  if (column < columns) {
    store(row, column, c0);
    store(row + 4, column, c4);
    store(row + 8, column, c8);
    store(row + 12, column, c12);
  }
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
  let columns = shape.columns / 4;
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
    let x = right[b];
    let y = left[a];
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
    store(row, column, c0);
    store(row + 4, column, c4);
    store(row + 8, column, c8);
    store(row + 12, column, c12);
    store(row + 16, column, c16);
    store(row + 20, column, c20);
    store(row + 24, column, c24);
    store(row + 28, column, c28);
  }
}
