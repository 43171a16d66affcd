// Linear layer y = x Wᵀ and its backward, over row-major f32 matrices; W is (out, in) as it lies in the flat vector.
//
//   forward         product[m,n]  = sum_k left[m,k] right[n,k] (+ addend[m,n])   left x (rows, in),  right W,  product y
//   backwardInput   product[m,n]  = sum_k left[m,k] right[k,n]                   left dy (rows, out), right W, product dx
//   backwardWeight  product[m,n]  = sum_k left[k,m] right[k,n]                   left dy (rows, out), right x, product dW
//
// Every entry writes with =. `columns` and the contracted extent (where it is read in vectors) are multiples of 4;
// rows may be ragged: loads are clamped to the last row and stores are guarded.
// One invocation holds 8 rows of 4 outputs in registers; no workgroup memory and no barrier, which CPU adapters are slow at.

struct Shape {
  rows: u32,
  columns: u32,
  depth: u32,
  hasAddend: u32,
}

override lanesX: u32 = 8;
override lanesY: u32 = 1;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> left: array<vec4f>;
@group(0) @binding(2) var<storage, read> right: array<vec4f>;
@group(0) @binding(3) var<storage, read> addend: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> product: array<vec4f>;

fn storeSum(row: u32, column: u32, value: vec4f) {
  if (row < shape.rows) {
    let at = row * (shape.columns / 4) + column;
    product[at] = value + select(vec4f(), addend[at], shape.hasAddend == 1u);
  }
}

@compute @workgroup_size(lanesX, lanesY)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  if (column >= shape.columns / 4) {
    return;
  }
  let row = id.y * 8;
  let last = shape.rows - 1;
  let depth = shape.depth / 4;
  let a0 = min(row, last) * depth;
  let a1 = min(row + 1, last) * depth;
  let a2 = min(row + 2, last) * depth;
  let a3 = min(row + 3, last) * depth;
  let a4 = min(row + 4, last) * depth;
  let a5 = min(row + 5, last) * depth;
  let a6 = min(row + 6, last) * depth;
  let a7 = min(row + 7, last) * depth;
  let b = 4 * column * depth;
  var c0 = vec4f();
  var c1 = vec4f();
  var c2 = vec4f();
  var c3 = vec4f();
  var c4 = vec4f();
  var c5 = vec4f();
  var c6 = vec4f();
  var c7 = vec4f();
  for (var k = 0u; k < depth; k++) {
    let rows = mat4x4f(right[b + k], right[b + depth + k], right[b + 2 * depth + k], right[b + 3 * depth + k]);
    let w = transpose(rows);
    let x0 = left[a0 + k];
    c0 += x0.x * w[0] + x0.y * w[1] + x0.z * w[2] + x0.w * w[3];
    let x1 = left[a1 + k];
    c1 += x1.x * w[0] + x1.y * w[1] + x1.z * w[2] + x1.w * w[3];
    let x2 = left[a2 + k];
    c2 += x2.x * w[0] + x2.y * w[1] + x2.z * w[2] + x2.w * w[3];
    let x3 = left[a3 + k];
    c3 += x3.x * w[0] + x3.y * w[1] + x3.z * w[2] + x3.w * w[3];
    let x4 = left[a4 + k];
    c4 += x4.x * w[0] + x4.y * w[1] + x4.z * w[2] + x4.w * w[3];
    let x5 = left[a5 + k];
    c5 += x5.x * w[0] + x5.y * w[1] + x5.z * w[2] + x5.w * w[3];
    let x6 = left[a6 + k];
    c6 += x6.x * w[0] + x6.y * w[1] + x6.z * w[2] + x6.w * w[3];
    let x7 = left[a7 + k];
    c7 += x7.x * w[0] + x7.y * w[1] + x7.z * w[2] + x7.w * w[3];
  }
  storeSum(row, column, c0);
  storeSum(row + 1, column, c1);
  storeSum(row + 2, column, c2);
  storeSum(row + 3, column, c3);
  storeSum(row + 4, column, c4);
  storeSum(row + 5, column, c5);
  storeSum(row + 6, column, c6);
  storeSum(row + 7, column, c7);
}

fn store(row: u32, column: u32, value: vec4f) {
  if (row < shape.rows) {
    product[row * (shape.columns / 4) + column] = value;
  }
}

@compute @workgroup_size(lanesX, lanesY)
fn backwardInput(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  let columns = shape.columns / 4;
  if (column >= columns) {
    return;
  }
  let row = id.y * 8;
  let last = shape.rows - 1;
  let depth = shape.depth / 4;
  let a0 = min(row, last) * depth;
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
  var b = column;
  for (var k = 0u; k < depth; k++) {
    let w0 = right[b];
    let w1 = right[b + columns];
    let w2 = right[b + 2 * columns];
    let w3 = right[b + 3 * columns];
    b += 4 * columns;
    let y0 = left[a0 + k];
    c0 += y0.x * w0 + y0.y * w1 + y0.z * w2 + y0.w * w3;
    let y1 = left[a1 + k];
    c1 += y1.x * w0 + y1.y * w1 + y1.z * w2 + y1.w * w3;
    let y2 = left[a2 + k];
    c2 += y2.x * w0 + y2.y * w1 + y2.z * w2 + y2.w * w3;
    let y3 = left[a3 + k];
    c3 += y3.x * w0 + y3.y * w1 + y3.z * w2 + y3.w * w3;
    let y4 = left[a4 + k];
    c4 += y4.x * w0 + y4.y * w1 + y4.z * w2 + y4.w * w3;
    let y5 = left[a5 + k];
    c5 += y5.x * w0 + y5.y * w1 + y5.z * w2 + y5.w * w3;
    let y6 = left[a6 + k];
    c6 += y6.x * w0 + y6.y * w1 + y6.z * w2 + y6.w * w3;
    let y7 = left[a7 + k];
    c7 += y7.x * w0 + y7.y * w1 + y7.z * w2 + y7.w * w3;
  }
  store(row, column, c0);
  store(row + 1, column, c1);
  store(row + 2, column, c2);
  store(row + 3, column, c3);
  store(row + 4, column, c4);
  store(row + 5, column, c5);
  store(row + 6, column, c6);
  store(row + 7, column, c7);
}

// Here rows (out) are a multiple of 4, too.
@compute @workgroup_size(lanesX, lanesY)
fn backwardWeight(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  let columns = shape.columns / 4;
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
    let x = right[b];
    let low = left[a0];
    let high = left[a1];
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
  store(row, column, c0);
  store(row + 1, column, c1);
  store(row + 2, column, c2);
  store(row + 3, column, c3);
  store(row + 4, column, c4);
  store(row + 5, column, c5);
  store(row + 6, column, c6);
  store(row + 7, column, c7);
}
