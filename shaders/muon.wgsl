// Muon (Jordan et al. 2024) on a stack of matrices X of one shape, (matrices, rows, columns) with rows <= columns; those of
// the flat vector that are taller lie in it turned. Rows and columns are multiples of 4.
//
//   momentum    firstMoment = momentum firstMoment + g, with g the clipped gradient; into the stack g + momentum firstMoment
//   gram        product = G = X Xᵀ
//   trace       squaredLengths[i] = trace of the i-th G: the sum of the squares of its X
//   polynomial  product = P = a I + b G + c G²; in the first iteration, whose X is not normalised yet, G is divided by the
//               squared length and P by the length
//   multiply    product = P X
//   update      parameters -= learningRate (scale x + weightDecay parameters), with x from the stack
//
// Where the gradient is not finite, nothing is written to moment and parameters. An invocation of a product holds 4 rows of
// 4 columns, without workgroup memory.

struct Shape {
  rows: u32,
  columns: u32,
  start: u32,     // momentum, update: where in the stack the matrix begins
  turned: u32,    // momentum, update: whether it lies turned
  first: u32,     // polynomial: whether this is the first iteration
  scale: f32,     // update
}

struct StepValues {
  targetWeight: f32,
  gradientClip: f32,
  learningRate: f32,
  weightDecay: f32,
  beta1: f32,
  beta2: f32,
  oneMinusBeta1: f32,
  oneMinusBeta2: f32,
  epsilon: f32,
  momentum: f32,
}

struct Clipping {
  norm: f32,
  factor: f32,
  applies: u32,
}

// Newton-Schulz: x -> a x + b x^3 + c x^5 on the singular values.
const a = 3.4445;
const b = -4.775;
const c = 2.0315;

override lanes: u32 = 64;
override lanesX: u32 = 8;
override lanesY: u32 = 1;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<uniform> stepValues: StepValues;
@group(0) @binding(2) var<storage, read> clipping: Clipping;
@group(0) @binding(3) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> firstMoment: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> direction: array<f32>;
@group(0) @binding(6) var<storage, read> left: array<vec4f>;
@group(0) @binding(7) var<storage, read> right: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> product: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> squaredLengths: array<f32>;
@group(0) @binding(10) var<storage, read> savedLengths: array<f32>;
@group(0) @binding(11) var<storage, read> orthogonal: array<f32>;
@group(0) @binding(12) var<storage, read_write> parameters: array<vec4f>;

var<workgroup> parts: array<f32, 256>;

// Where in the stack the four values from element 4 at of the matrix on are: the first one, and the step to the next.
fn placeOf(at: u32) -> vec2u {
  if (shape.turned == 0u) {
    return vec2u(shape.start + 4 * at, 1);
  }
  let row = 4 * at / shape.rows;
  return vec2u(shape.start + 4 * at % shape.rows * shape.columns + row, shape.columns);
}

@compute @workgroup_size(lanes)
fn momentum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * lanes + id.x;
  if (at >= shape.rows * shape.columns / 4 || clipping.applies == 0u) {
    return;
  }
  let g = gradient[at] * clipping.factor;
  let moment = stepValues.momentum * firstMoment[at] + g;
  firstMoment[at] = moment;
  let value = g + stepValues.momentum * moment;
  let place = placeOf(at);
  direction[place.x] = value.x;
  direction[place.x + place.y] = value.y;
  direction[place.x + 2 * place.y] = value.z;
  direction[place.x + 3 * place.y] = value.w;
}

@compute @workgroup_size(lanes)
fn update(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * lanes + id.x;
  if (at >= shape.rows * shape.columns / 4 || clipping.applies == 0u) {
    return;
  }
  let place = placeOf(at);
  let step = vec4u(0, 1, 2, 3) * place.y + place.x;
  let x = vec4f(orthogonal[step.x], orthogonal[step.y], orthogonal[step.z], orthogonal[step.w]);
  let old = parameters[at];
  parameters[at] = old - stepValues.learningRate * (shape.scale * x + stepValues.weightDecay * old);
}

// Columns are four rows of `left` from `at` on.
fn leftRows(at: u32, depth: u32) -> mat4x4f {
  return mat4x4f(left[at], left[at + depth], left[at + 2 * depth], left[at + 3 * depth]);
}

// Columns are four rows of left rightᵀ; both have `shape.rows` rows of `depth` vec4.
fn byTransposed(matrix: u32, row: u32, column: u32, depth: u32) -> mat4x4f {
  let l = (matrix * shape.rows + row) * depth;
  let r = (matrix * shape.rows + 4 * column) * depth;
  var sum = mat4x4f();
  for (var k = 0u; k < depth; k++) {
    let at = r + k;
    let rows = mat4x4f(right[at], right[at + depth], right[at + 2 * depth], right[at + 3 * depth]);
    sum += transpose(rows) * leftRows(l + k, depth);
  }
  return sum;
}

fn store(matrix: u32, row: u32, column: u32, columns: u32, rows: mat4x4f) {
  let at = (matrix * shape.rows + row) * columns + column;
  product[at] = rows[0];
  product[at + columns] = rows[1];
  product[at + 2 * columns] = rows[2];
  product[at + 3 * columns] = rows[3];
}

@compute @workgroup_size(lanesX, lanesY)
fn gram(@builtin(global_invocation_id) id: vec3u) {
  let columns = shape.rows / 4;
  if (id.x < columns && id.y < columns) {
    store(id.z, 4 * id.y, id.x, columns, byTransposed(id.z, 4 * id.y, id.x, shape.columns / 4));
  }
}

@compute @workgroup_size(lanes)
fn trace(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
  let columns = shape.rows / 4;
  var part = 0.0;
  for (var i = local.x; i < shape.rows; i += lanes) {
    part += left[(group.x * shape.rows + i) * columns + i / 4][i % 4];
  }
  parts[local.x] = part;
  workgroupBarrier();
  if (local.x == 0u) {
    var sum = 0.0;
    for (var i = 0u; i < lanes; i++) {
      sum += parts[i];
    }
    squaredLengths[group.x] = sum;
  }
}

@compute @workgroup_size(lanesX, lanesY)
fn polynomial(@builtin(global_invocation_id) id: vec3u) {
  let columns = shape.rows / 4;
  if (id.x >= columns || id.y >= columns) {
    return;
  }
  var inverse = 1.0;
  if (shape.first == 1u) {
    // A matrix of zeros stays one.
    inverse = 1.0 / max(savedLengths[id.z], 1e-30);
  }
  let row = 4 * id.y;
  let g = leftRows((id.z * shape.rows + row) * columns + id.x, columns);
  // G is its own transpose, so G Gᵀ is its square.
  let square = byTransposed(id.z, row, id.x, columns);
  let diagonal = select(0.0, a, id.x == id.y);
  let identity = mat4x4f(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
  let sum = diagonal * identity + (b * inverse) * g + (c * inverse * inverse) * square;
  store(id.z, row, id.x, columns, sqrt(inverse) * sum);
}

@compute @workgroup_size(lanesX, lanesY)
fn multiply(@builtin(global_invocation_id) id: vec3u) {
  let columns = shape.columns / 4;
  let depth = shape.rows / 4;
  if (id.x >= columns || id.y >= depth) {
    return;
  }
  let l = (id.z * shape.rows + 4 * id.y) * depth;
  var r = id.z * shape.rows * columns + id.x;
  var sum = mat4x4f();
  for (var k = 0u; k < depth; k++) {
    let rows = mat4x4f(right[r], right[r + columns], right[r + 2 * columns], right[r + 3 * columns]);
    sum += rows * leftRows(l + k, depth);
    r += 4 * columns;
  }
  store(id.z, 4 * id.y, id.x, columns, sum);
}
