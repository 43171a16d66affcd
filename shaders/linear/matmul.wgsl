// Loops of linear.wgsl for all adapters: one invocation holds 8 rows (backwardWeight: 16) of two vec4 in registers, four rows
// per matrix. It uses no workgroup memory and no barriers, which are slow on CPU adapters. The number of rows is arbitrary:
// loads are clamped, stores are guarded.
//
// CPU adapters compile each load and store in the text into hundreds of instructions, so the stores are loops. They start at
// `row`, which is unknown at compile time, so that compilers do not unroll them.

override lanesX: u32 = 8;
override lanesY: u32 = 1;

// Rows of the first vec4, then of the second; see numbers.wgsl.
var<private> sums: array<Numbers, 32>;

// Adds the columns of x to the sums from `at` on.
fn addRows(at: u32, x: mat4x4f) {
  sums[at] = numbers(vector(sums[at]) + x[0]);
  sums[at + 1] = numbers(vector(sums[at + 1]) + x[1]);
  sums[at + 2] = numbers(vector(sums[at + 2]) + x[2]);
  sums[at + 3] = numbers(vector(sums[at + 3]) + x[3]);
}

// Four rows of `left` at depth k, one in each column.
fn leftRows(row: u32, k: u32) -> mat4x4f {
  let at = min(row + vec4u(0, 1, 2, 3), vec4u(shape.rows - 1)) * shape.depth + k;
  return mat4x4f(vec4f(left[at.x]), vec4f(left[at.y]), vec4f(left[at.z]), vec4f(left[at.w]));
}

fn rightRows(at: u32, step: u32) -> mat4x4f {
  return mat4x4f(
    vec4f(right[at]), vec4f(right[at + step]), vec4f(right[at + 2 * step]), vec4f(right[at + 3 * step]));
}

// Column i is y[i] x.
fn outer(x: vec4f, y: vec4f) -> mat4x4f {
  return mat4x4f(x * y.x, x * y.y, x * y.z, x * y.w);
}

@compute @workgroup_size(lanesX, lanesY)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y * 8;
  let first = firstOfPair(id.x);
  let last = shape.columns - 1;
  let depth = shape.depth;
  let nearAt = 4 * min(first, last) * depth;
  let farAt = 4 * min(first + shape.span, last) * depth;
  for (var k = 0u; k < depth; k++) {
    let near = transpose(rightRows(nearAt + k, depth));
    let far = transpose(rightRows(farAt + k, depth));
    let x0 = leftRows(row, k);
    addRows(0, near * x0);
    addRows(8, far * x0);
    let x4 = leftRows(row + 4, k);
    addRows(4, near * x4);
    addRows(12, far * x4);
  }
  for (var r = row; r < row + 8; r++) {
    storePair(r, first, vector(sums[r - row]), vector(sums[r - row + 8]));
  }
}

@compute @workgroup_size(lanesX, lanesY)
fn backwardInput(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y * 8;
  let column = 2 * id.x;
  let columns = shape.columns;
  let nearAt = min(column, columns - 1);
  let farAt = min(column + 1, columns - 1);
  for (var k = 0u; k < shape.depth; k++) {
    let near = rightRows(nearAt + 4 * k * columns, columns);
    let far = rightRows(farAt + 4 * k * columns, columns);
    let x0 = leftRows(row, k);
    addRows(0, near * x0);
    addRows(8, far * x0);
    let x4 = leftRows(row + 4, k);
    addRows(4, near * x4);
    addRows(12, far * x4);
  }
  for (var i = row; i < row + 16; i++) {
    let nth = i - row;
    storeInput(row + nth % 8, column + nth / 8, vector(sums[nth]));
  }
}

// Here rows (out) are also a multiple of 4.
@compute @workgroup_size(lanesX, lanesY)
fn backwardWeight(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y * 16;
  let column = 2 * id.x;
  let columns = shape.columns;
  let fours = shape.rows / 4;
  let nearAt = min(column, columns - 1);
  let farAt = min(column + 1, columns - 1);
  let at = min(row / 4 + vec4u(0, 1, 2, 3), vec4u(fours - 1));
  for (var k = 0u; k < shape.depth; k++) {
    let near = vec4f(right[k * columns + nearAt]);
    let far = vec4f(right[k * columns + farAt]);
    let x0 = vec4f(left[k * fours + at.x]);
    addRows(0, outer(near, x0));
    addRows(16, outer(far, x0));
    let x4 = vec4f(left[k * fours + at.y]);
    addRows(4, outer(near, x4));
    addRows(20, outer(far, x4));
    let x8 = vec4f(left[k * fours + at.z]);
    addRows(8, outer(near, x8));
    addRows(24, outer(far, x8));
    let x12 = vec4f(left[k * fours + at.w]);
    addRows(12, outer(near, x12));
    addRows(28, outer(far, x12));
  }
  for (var i = row; i < row + 32; i++) {
    let nth = i - row;
    if (column + nth / 16 < columns) {
      storeWeight(row + nth % 16, column + nth / 16, vector(sums[nth]));
    }
  }
}
