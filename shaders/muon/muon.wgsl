// Muon (Jordan et al. 2024) on a stack of matrices X of one shape, (matrices, rows, columns) with rows <= columns; taller
// matrices of the flat vector are transposed in the stack. Before and after the products of muon-products.wgsl:
//
//   momentum  firstMoment = momentum firstMoment + g, with the clipped gradient g; writes g + momentum firstMoment to the stack
//   trace     inverseLengths[i] = 1 / |X| of the i-th matrix, whose square is the trace of its G = X Xᵀ
//   update    parameters -= learningRate (scale x + weightDecay parameters), with x from the stack
//
// If the gradient is not finite, moment and parameters are not written. Rows and columns are multiples of 4.

struct Shape {
  rows: u32,
  columns: u32,
  start: u32,  // the matrix's first element in the stack
  transposed: u32, // 1 if it is transposed in the stack
  scale: f32,
}

override lanes: u32 = 64;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<uniform> stepValues: StepValues;
@group(0) @binding(2) var<storage, read> clipping: Clipping;
@group(0) @binding(3) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> firstMoment: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> direction: array<f32>;
@group(0) @binding(6) var<storage, read> gram: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> inverseLengths: array<f32>;
@group(0) @binding(8) var<storage, read> orthogonal: array<f32>;
@group(0) @binding(9) var<storage, read_write> parameters: array<vec4f>;

var<workgroup> parts: array<f32, 256>;

// The place in the stack of the matrix's four values from element 4 * at on: the index of the first, and the step to the next.
fn placeOf(at: u32) -> vec2u {
  if (shape.transposed == 0u) {
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

@compute @workgroup_size(lanes)
fn trace(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
  let columns = shape.rows / 4;
  var part = 0.0;
  for (var i = local.x; i < shape.rows; i += lanes) {
    part += gram[(group.x * shape.rows + i) * columns + i / 4][i % 4];
  }
  parts[local.x] = part;
  workgroupBarrier();
  if (local.x == 0u) {
    var sum = 0.0;
    for (var i = 0u; i < lanes; i++) {
      sum += parts[i];
    }
    // A zero matrix stays zero: the inverse's fourth power is finite.
    inverseLengths[group.x] = inverseSqrt(max(sum, 1e-18));
  }
}
