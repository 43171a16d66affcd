// For some rows of W + B A: one over the row's length, and the quotient of its magnitude and its length. B holds the scale.

struct Shape {
  firstRow: u32,
  rows: u32,
  columns: u32, // in vec4
  rank: u32,    // a multiple of 4
}

override lanes: u32 = 8;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> weights: array<Stored>;
@group(0) @binding(2) var<storage, read> reduction: array<Stored>; // A (rank, columns)
@group(0) @binding(3) var<storage, read> expansion: array<Stored>; // B (rows of all, rank)
@group(0) @binding(4) var<storage, read> magnitudes: array<f32>;   // of these rows
@group(0) @binding(5) var<storage, read_write> factors: array<f32>;
@group(0) @binding(6) var<storage, read_write> inverses: array<f32>;

@compute @workgroup_size(lanes)
fn rowLengths(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= shape.rows) {
    return;
  }
  let row = shape.firstRow + id.x;
  let quads = shape.rank / 4;
  var squares = vec4f();
  for (var i = 0u; i < shape.columns; i++) {
    var value = vec4f(weights[row * shape.columns + i]);
    for (var k = 0u; k < quads; k++) {
      let b = vec4f(expansion[row * quads + k]);
      let at = 4 * k * shape.columns + i;
      value += b.x * vec4f(reduction[at]) + b.y * vec4f(reduction[at + shape.columns])
        + b.z * vec4f(reduction[at + 2 * shape.columns]) + b.w * vec4f(reduction[at + 3 * shape.columns]);
    }
    squares += value * value;
  }
  // A row of zeros, such as padding, has no direction.
  let square = dot(squares, vec4f(1.0));
  let inverse = select(inverseSqrt(square), 0.0, square == 0.0);
  inverses[row] = inverse;
  factors[row] = magnitudes[id.x] * inverse;
}
