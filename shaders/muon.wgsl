// Muon (Jordan et al. 2024) on one matrix of the flat vector, between the products of a linear layer (linear.wgsl):
//
//   momentum    firstMoment = momentum firstMoment + g; direction = g + momentum firstMoment   with g the clipped gradient
//   trace       squaredLength[0] = trace of gram = X Xᵀ: the sum of the squares of X
//   polynomial  square = a I + b gram + c square   in place; in the first iteration X is not normalised yet, so here
//               gram is divided by the squared length, square by its square, and the result by the length
//   update      parameters -= learningRate (scale orthogonal + weightDecay parameters)
//
// Where the gradient is not finite, nothing is written to moment and parameters.

struct Shape {
  vectors: u32,     // in the matrix; in polynomial and trace: vec4 in a row of the square matrix
  first: u32,       // polynomial: 1 in the first iteration
  scale: f32,       // update
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

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<uniform> stepValues: StepValues;
@group(0) @binding(2) var<storage, read> clipping: Clipping;
@group(0) @binding(3) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> firstMoment: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> direction: array<vec4f>;
@group(0) @binding(6) var<storage, read> gram: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> square: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> squaredLength: array<f32>;
@group(0) @binding(9) var<storage, read> orthogonal: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> parameters: array<vec4f>;

var<workgroup> parts: array<f32, 256>;

@compute @workgroup_size(lanes)
fn momentum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * lanes + id.x;
  if (at >= shape.vectors || clipping.applies == 0u) {
    return;
  }
  let g = gradient[at] * clipping.factor;
  let moment = stepValues.momentum * firstMoment[at] + g;
  firstMoment[at] = moment;
  direction[at] = g + stepValues.momentum * moment;
}

@compute @workgroup_size(lanes)
fn trace(@builtin(local_invocation_id) local: vec3u) {
  var part = 0.0;
  for (var i = local.x; i < 4 * shape.vectors; i += lanes) {
    part += gram[i * shape.vectors + i / 4][i % 4];
  }
  parts[local.x] = part;
  workgroupBarrier();
  if (local.x == 0u) {
    var sum = 0.0;
    for (var i = 0u; i < lanes; i++) {
      sum += parts[i];
    }
    squaredLength[0] = sum;
  }
}

@compute @workgroup_size(lanes)
fn polynomial(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * lanes + id.x;
  if (at >= 4 * shape.vectors * shape.vectors) {
    return;
  }
  let row = at / shape.vectors;
  let onDiagonal = vec4u(0, 1, 2, 3) + 4 * (at % shape.vectors) == vec4u(row);
  var inverse = 1.0;
  if (shape.first == 1u) {
    // A matrix of zeros stays one.
    inverse = 1.0 / max(squaredLength[0], 1e-30);
  }
  let sum = b * inverse * gram[at] + c * (inverse * inverse) * square[at];
  square[at] = sqrt(inverse) * (select(vec4f(), vec4f(a), onDiagonal) + sum);
}

@compute @workgroup_size(lanes)
fn update(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * lanes + id.x;
  if (at >= shape.vectors || clipping.applies == 0u) {
    return;
  }
  let old = parameters[at];
  parameters[at] = old - stepValues.learningRate * (shape.scale * orthogonal[at] + stepValues.weightDecay * old);
}
