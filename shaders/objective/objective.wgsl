// Parts that the kernels of objectives share. They run between the forward and the backward half of a step, with an invocation for
// each pair, sequence or row. A kernel multiplies the weight of each row by the negative derivative of its loss by the row's
// log-probability: cross-entropy's backward pass then gives the gradient. Before, the weight of a row that counts is 1 and that of
// context is 0. Each row belongs to one sequence at most.

struct Shape {
  capacity: u32, // the most pairs, sequences or rows
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> losses: array<f32>;         // negative log-probability of each row's target
@group(0) @binding(2) var<storage, read_write> weights: array<f32>; // of each row

const lanes = 64u;

// The sum of the rows' log-probabilities. Partial sums of 32 keep rounding errors of long sequences small.
fn logProbability(first: u32, end: u32) -> f32 {
  var sum = 0.0;
  for (var start = first; start < end; start += 32) {
    var part = 0.0;
    for (var row = start; row < min(start + 32, end); row++) {
      part -= losses[row];
    }
    sum += part;
  }
  return sum;
}

fn multiplyWeights(first: u32, end: u32, factor: f32) {
  for (var row = first; row < end; row++) {
    weights[row] *= factor;
  }
}

// Beyond 80, where exp overflows, the value differs from 0 or 1 by less than a float can tell.
fn sigmoid(x: f32) -> f32 {
  return 1.0 / (1.0 + exp(-clamp(x, -80.0, 80.0)));
}
