// Loops of linear.wgsl that run anywhere: one invocation holds 4 rows of a pair of vec4 (backward: 8 rows of one) in
// registers; no workgroup memory and no barrier, which CPU adapters are slow at.
// Rows may be ragged: loads are clamped to the last row and stores are guarded.

override lanesX: u32 = 8;
override lanesY: u32 = 1;

fn rightRows(at: u32, step: u32) -> mat4x4f {
  return mat4x4f(
    vec4f(right[at]), vec4f(right[at + step]), vec4f(right[at + 2 * step]), vec4f(right[at + 3 * step]));
}

@compute @workgroup_size(lanesX, lanesY)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let first = firstOfPair(id.x);
  if (first >= shape.columns) {
    return;
  }
  let row = id.y * 4;
  let last = shape.rows - 1;
  let depth = shape.depth;
  let a0 = min(row, last) * depth;
  let a1 = min(row + 1, last) * depth;
  let a2 = min(row + 2, last) * depth;
  let a3 = min(row + 3, last) * depth;
  let low = 4 * first * depth;
  let high = 4 * min(first + shape.span, shape.columns - 1) * depth;
  var a = mat4x4f(); // a column a row of the product
  var b = mat4x4f();
  for (var k = 0u; k < depth; k++) {
    let x = mat4x4f(vec4f(left[a0 + k]), vec4f(left[a1 + k]), vec4f(left[a2 + k]), vec4f(left[a3 + k]));
    a += transpose(rightRows(low + k, depth)) * x;
    b += transpose(rightRows(high + k, depth)) * x;
  }
  storePair(row, first, a[0], b[0]);
  storePair(row + 1, first, a[1], b[1]);
  storePair(row + 2, first, a[2], b[2]);
  storePair(row + 3, first, a[3], b[3]);
}

@compute @workgroup_size(lanesX, lanesY)
fn backwardInput(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  let columns = shape.columns;
  if (column >= columns) {
    return;
  }
  let row = id.y * 8;
  let last = shape.rows - 1;
  let depth = shape.depth;
  let a0 = min(row + 0, last) * depth;
  let a1 = min(row + 1, last) * depth;
  let a2 = min(row + 2, last) * depth;
  let a3 = min(row + 3, last) * depth;
  let a4 = min(row + 4, last) * depth;
  let a5 = min(row + 5, last) * depth;
  let a6 = min(row + 6, last) * depth;
  let a7 = min(row + 7, last) * depth;
  var c0 = vec4f();
  var c1 = vec4f();
  var c2 = vec4f();
  var c3 = vec4f();
  var c4 = vec4f();
  var c5 = vec4f();
  var c6 = vec4f();
  var c7 = vec4f();
  for (var k = 0u; k < depth; k++) {
    let w = rightRows(column + 4 * k * columns, columns);
    c0 += w * vec4f(left[a0 + k]);
    c1 += w * vec4f(left[a1 + k]);
    c2 += w * vec4f(left[a2 + k]);
    c3 += w * vec4f(left[a3 + k]);
    c4 += w * vec4f(left[a4 + k]);
    c5 += w * vec4f(left[a5 + k]);
    c6 += w * vec4f(left[a6 + k]);
    c7 += w * vec4f(left[a7 + k]);
  }
  storeInput(row + 0, column, c0);
  storeInput(row + 1, column, c1);
  storeInput(row + 2, column, c2);
  storeInput(row + 3, column, c3);
  storeInput(row + 4, column, c4);
  storeInput(row + 5, column, c5);
  storeInput(row + 6, column, c6);
  storeInput(row + 7, column, c7);
}

// Here rows (out) are a multiple of 4, too.
@compute @workgroup_size(lanesX, lanesY)
fn backwardWeight(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  let columns = shape.columns;
  if (column >= columns) {
    return;
  }
  let row = id.y * 8;
  let rows = shape.rows / 4;
  var a0 = min(id.y * 2, rows - 1);
  var a1 = min(id.y * 2 + 1, rows - 1);
  var b = column;
  var c0 = vec4f();
  var c1 = vec4f();
  var c2 = vec4f();
  var c3 = vec4f();
  var c4 = vec4f();
  var c5 = vec4f();
  var c6 = vec4f();
  var c7 = vec4f();
  for (var k = 0u; k < shape.depth; k++) {
    let x = vec4f(right[b]);
    let low = vec4f(left[a0]);
    let high = vec4f(left[a1]);
    c0 += low.x * x;
    c1 += low.y * x;
    c2 += low.z * x;
    c3 += low.w * x;
    c4 += high.x * x;
    c5 += high.y * x;
    c6 += high.z * x;
    c7 += high.w * x;
    a0 += rows;
    a1 += rows;
    b += columns;
  }
  storeWeight(row + 0, column, c0);
  storeWeight(row + 1, column, c1);
  storeWeight(row + 2, column, c2);
  storeWeight(row + 3, column, c3);
  storeWeight(row + 4, column, c4);
  storeWeight(row + 5, column, c5);
  storeWeight(row + 6, column, c6);
  storeWeight(row + 7, column, c7);
}
