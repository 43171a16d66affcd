// The products of Muon's Newton-Schulz iterations, x -> a x + b x^3 + c x^5 on the singular values, on a stack of matrices X
// (matrices, rows, columns) with rows <= columns, multiples of 4:
//
//   gram        product = G = X Xᵀ
//   polynomial  product = P = a I + b G + c G²; in the first iteration, whose X is not normalised yet, G is divided by the
//               squared length of X, and P by the length
//   multiply    product = P X
//
// An invocation holds 4 rows of 4 columns; none returns early, so that those of a subgroup can read for each other.
// Followed by one of the files that say how `left` is read.

struct Shape {
  rows: u32,
  columns: u32,
  first: u32, // polynomial: whether this is the first iteration
}

const a = 3.4445;
const b = -4.775;
const c = 2.0315;

override lanesX: u32 = 8;
override lanesY: u32 = 1;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> left: array<vec4f>;
@group(0) @binding(2) var<storage, read> right: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> product: array<vec4f>;
@group(0) @binding(4) var<storage, read> squaredLengths: array<f32>;

// Columns are four rows of left rightᵀ; both have `shape.rows` rows of `depth` vec4.
fn byTransposed(id: vec3u, depth: u32, lane: u32) -> mat4x4f {
  let last = shape.rows / 4 - 1;
  let l = (id.z * shape.rows + 4 * min(id.y, last)) * depth;
  let r = (id.z * shape.rows + 4 * min(id.x, last)) * depth;
  var sum = mat4x4f();
  for (var k = 0u; k < depth; k++) {
    let at = r + k;
    let rows = mat4x4f(right[at], right[at + depth], right[at + 2 * depth], right[at + 3 * depth]);
    sum += transpose(rows) * leftRows(l + k, depth, lane);
  }
  return sum;
}

// Product rows 4 id.y to 4 id.y + 3, column id.x of `columns`; what is outside the product is left out.
fn store(id: vec3u, columns: u32, rows: mat4x4f) {
  if (id.x >= columns || 4 * id.y >= shape.rows) {
    return;
  }
  let at = (id.z * shape.rows + 4 * id.y) * columns + id.x;
  product[at] = rows[0];
  product[at + columns] = rows[1];
  product[at + 2 * columns] = rows[2];
  product[at + 3 * columns] = rows[3];
}

@compute @workgroup_size(lanesX, lanesY)
fn gram(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u) {
  store(id, shape.rows / 4, byTransposed(id, shape.columns / 4, local.x));
}

@compute @workgroup_size(lanesX, lanesY)
fn polynomial(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let columns = shape.rows / 4;
  var inverse = 1.0;
  if (shape.first == 1u) {
    // A matrix of zeros stays one.
    inverse = 1.0 / max(squaredLengths[id.z], 1e-30);
  }
  // G is its own transpose, so G Gᵀ is its square.
  let square = byTransposed(id, columns, local.x);
  let at = (id.z * shape.rows + 4 * min(id.y, columns - 1)) * columns + min(id.x, columns - 1);
  let g = mat4x4f(left[at], left[at + columns], left[at + 2 * columns], left[at + 3 * columns]);
  let diagonal = select(0.0, a, id.x == id.y);
  let identity = mat4x4f(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
  let sum = diagonal * identity + (b * inverse) * g + (c * inverse * inverse) * square;
  store(id, columns, sqrt(inverse) * sum);
}

@compute @workgroup_size(lanesX, lanesY)
fn multiply(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let columns = shape.columns / 4;
  let depth = shape.rows / 4;
  let l = (id.z * shape.rows + 4 * min(id.y, depth - 1)) * depth;
  var r = id.z * shape.rows * columns + min(id.x, columns - 1);
  var sum = mat4x4f();
  for (var k = 0u; k < depth; k++) {
    let rows = mat4x4f(right[r], right[r + columns], right[r + 2 * columns], right[r + 3 * columns]);
    sum += rows * leftRows(l + k, depth, local.x);
    r += 4 * columns;
  }
  store(id, columns, sum);
}
