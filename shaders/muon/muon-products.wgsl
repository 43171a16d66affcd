// The products of Muon's Newton-Schulz iterations, x -> a x + b x^3 + c x^5 on the singular values, on a stack of matrices X
// (matrices, rows, columns) with rows <= columns, multiples of 4:
//
//   gram        product = G = X Xᵀ
//   polynomial  product = P = a I + b G + c G²; in the first iteration, whose X is not yet normalised, G is divided by the
//               square of the length of X, and P by the length
//   multiply    product = P X
//
// A workgroup computes a tile of the product, in blocks of 4 rows and 4 columns ("quads"). G and P are symmetric: blocks below
// the diagonal are also stored above it, transposed; tiles that lie entirely above the diagonal are skipped.
//
// One of the files that compute a tile must follow: they define its extents, `leftQuads` and `rightQuads` (quads of rows and of
// columns), and its number of lanes.

struct Shape {
  rows: u32,
  columns: u32,
  first: u32, // polynomial: 1 in the first iteration
}

// Coefficients of Jordan et al. (2024).
const a = 3.4445;
const b = -4.775;
const c = 2.0315;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> left: array<vec4f>;
@group(0) @binding(2) var<storage, read> right: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> product: array<vec4f>;
@group(0) @binding(4) var<storage, read> inverseLengths: array<f32>;

var<private> inverse: f32 = 1.0; // the factor of X

const toGram = 0u;
const toPolynomial = 1u;
const toMultiple = 2u;

// The number of k, and of columns of the product.
fn depthOf(kind: u32) -> u32 {
  return select(shape.rows, shape.columns, kind == toGram);
}

fn columnsOf(kind: u32) -> u32 {
  return select(shape.rows, shape.columns, kind == toMultiple);
}

// Four rows of `left` at four k from `k` on; a quad beyond the end is replaced by the last one.
fn leftRows(kind: u32, matrix: u32, quad: u32, k: u32) -> mat4x4f {
  let depth = depthOf(kind) / 4;
  let at = (matrix * shape.rows + min(4 * quad, shape.rows - 4)) * depth + k / 4;
  return mat4x4f(left[at], left[at + depth], left[at + 2 * depth], left[at + 3 * depth]);
}

// The right operand: column j holds the quad's four columns at the j-th k from `k` on.
fn rightColumns(kind: u32, matrix: u32, quad: u32, k: u32) -> mat4x4f {
  let first = min(4 * quad, columnsOf(kind) - 4);
  // G is its own transpose, so G Gᵀ is its square.
  let transposed = kind != toMultiple;
  let stride = select(columnsOf(kind), depthOf(kind), transposed) / 4;
  let at = matrix * shape.rows * stride + select(k * stride + first / 4, first * stride + k / 4, transposed);
  let rows = mat4x4f(right[at], right[at + stride], right[at + 2 * stride], right[at + 3 * stride]);
  if (transposed) {
    return transpose(rows);
  }
  return rows;
}

fn isAboveDiagonal(tile: vec3u) -> bool {
  return tile.x * rightQuads >= (tile.y + 1) * leftQuads;
}

fn polynomialOf(block: vec2u, matrix: u32, square: mat4x4f) -> mat4x4f {
  let g = leftRows(toPolynomial, matrix, block.y, 4 * block.x);
  let diagonal = select(0.0, a, block.x == block.y);
  let identity = mat4x4f(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
  let scale = inverse * inverse;
  return inverse * (diagonal * identity + (b * scale) * g + (c * scale * scale) * square);
}

fn storeBlock(kind: u32, block: vec2u, matrix: u32, rows: mat4x4f) {
  let width = columnsOf(kind) / 4;
  let at = (matrix * shape.rows + 4 * block.y) * width + block.x;
  product[at] = rows[0];
  product[at + width] = rows[1];
  product[at + 2 * width] = rows[2];
  product[at + 3 * width] = rows[3];
}

// Finishes and stores a block of sums; each column of `sum` is a row of the block. Values outside the product are not stored.
fn finish(kind: u32, block: vec2u, matrix: u32, sum: mat4x4f) {
  if (4 * block.x >= columnsOf(kind) || 4 * block.y >= shape.rows) {
    return;
  }
  if (kind == toMultiple) {
    storeBlock(kind, block, matrix, sum);
    return;
  }
  if (block.x > block.y) {
    return;
  }
  var rows = sum;
  if (kind == toPolynomial) {
    rows = polynomialOf(block, matrix, sum);
  }
  storeBlock(kind, block, matrix, rows);
  if (block.x < block.y) {
    storeBlock(kind, block.yx, matrix, transpose(rows));
  }
}

@compute @workgroup_size(lanesX, lanesY)
fn gram(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  if (!isAboveDiagonal(group)) {
    makeTile(toGram, group, local);
  }
}

@compute @workgroup_size(lanesX, lanesY)
fn polynomial(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  if (shape.first == 1u) {
    inverse = inverseLengths[group.z];
  }
  if (!isAboveDiagonal(group)) {
    makeTile(toPolynomial, group, local);
  }
}

@compute @workgroup_size(lanesX, lanesY)
fn multiply(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  makeTile(toMultiple, group, local);
}
