// The loops of linear.wgsl for a diagonal W: each column has a factor, the quotient of a DoRA adapter's magnitude and the length
// of its row (Liu et al. 2024, arXiv 2402.09353). The epilogues follow as after every product.
//
//   forward            product = epilogue(left ⊙ factors)          left: the sums of W and its adapter, x (W + B A)ᵀ
//   backwardInput      product = left ⊙ factors                    left: dy; the length is a constant of the backward pass
//   backwardMagnitude  gradient of the magnitudes of some columns: sum over rows of dy and the forward pass's left, over the length

override lanes: u32 = 64;

@group(0) @binding(9) var<storage, read> factors: array<vec4f>;
@group(0) @binding(10) var<storage, read> inverses: array<f32>; // of the lengths
@group(0) @binding(11) var<storage, read_write> magnitudeGradient: array<f32>;

fn scaled(row: u32, column: u32) -> vec4f {
  let at = min(column, shape.columns - 1);
  return vec4f(left[min(row, shape.rows - 1) * shape.columns + at]) * factors[at];
}

@compute @workgroup_size(lanes)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * lanes + id.x;
  let pairs = (shape.columns + 1) / 2;
  let row = at / pairs;
  let first = firstOfPair(at % pairs);
  storePair(row, first, scaled(row, first), scaled(row, first + shape.span));
}

@compute @workgroup_size(lanes)
fn backwardInput(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * lanes + id.x;
  let row = at / shape.columns;
  storeInput(row, at % shape.columns, scaled(row, at % shape.columns));
}

// Here `depth` is the first of `span` columns, both counted singly.
@compute @workgroup_size(lanes)
fn backwardMagnitude(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= shape.span) {
    return;
  }
  let column = shape.depth + id.x;
  var sum = 0.0;
  for (var row = 0u; row < shape.rows; row++) {
    let at = row * shape.columns + column / 4;
    sum += f32(left[at][column % 4]) * f32(right[at][column % 4]);
  }
  sum *= inverses[column];
  if (shape.epilogue == accumulateEpilogue) {
    sum += magnitudeGradient[id.x];
  }
  magnitudeGradient[id.x] = sum;
}
