// RMSNorm (Zhang and Sennrich 2019, arXiv 1910.07467): y = x gain / sqrt(mean(x²) + epsilon), row by row.
//
//   forward       output =, inverse = the rows' 1 / sqrt(mean(x²) + epsilon), saved for backward
//   backward      inputGradient (=, or += with `accumulate`: to add to the residual stream's gradient)
//   backwardGain  gainGradient (=, or += with `accumulate`: to add to other parts of the batch) sum over rows of dy x inverse
//
// `lanes` invocations share a row (in backwardGain: a column) and add their parts in a fixed order. One lane is fastest on CPU
// adapters, where a barrier costs more than a row; on GPUs many lanes are fastest.

struct Shape {
  rows: u32,
  vectors: u32,     // a row's width in vec4
  epsilon: f32,
  accumulate: u32,
}

override lanes: u32 = 1;
override groups: u32 = 8; // rows (in backwardGain: columns) of one workgroup; lanes * groups <= 256

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> input: array<Stored>;
@group(0) @binding(2) var<storage, read> gain: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> output: array<Stored>;
@group(0) @binding(4) var<storage, read_write> inverse: array<f32>;
@group(0) @binding(5) var<storage, read> savedInverse: array<f32>;
@group(0) @binding(6) var<storage, read> outputGradient: array<Stored>;
@group(0) @binding(7) var<storage, read_write> inputGradient: array<Stored>;
@group(0) @binding(8) var<storage, read_write> gainGradient: array<vec4f>;

var<workgroup> parts: array<vec4f, 256>;

// Sum over the lanes of one row, returned to every lane. All invocations of a workgroup must call it together.
fn sumOverLanes(part: vec4f, lane: u32, group: u32) -> vec4f {
  if (lanes == 1u) {
    return part;
  }
  parts[group * lanes + lane] = part;
  workgroupBarrier();
  var sum = vec4f();
  for (var i = 0u; i < lanes; i++) {
    sum += parts[group * lanes + i];
  }
  return sum;
}

@compute @workgroup_size(lanes, groups)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = min(id.y, shape.rows - 1);
  let start = row * shape.vectors;
  var part = vec4f();
  for (var i = local.x; i < shape.vectors; i += lanes) {
    let x = vec4f(input[start + i]);
    part += x * x;
  }
  let squares = dot(sumOverLanes(part, local.x, local.y), vec4f(1));
  let scale = 1.0 / sqrt(squares / f32(4 * shape.vectors) + shape.epsilon);
  if (id.y >= shape.rows) {
    return;
  }
  for (var i = local.x; i < shape.vectors; i += lanes) {
    output[start + i] = Stored(vec4f(input[start + i]) * scale * gain[i]);
  }
  if (local.x == 0u) {
    inverse[row] = scale;
  }
}

@compute @workgroup_size(lanes, groups)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = min(id.y, shape.rows - 1);
  let start = row * shape.vectors;
  var part = vec4f();
  for (var i = local.x; i < shape.vectors; i += lanes) {
    part += vec4f(outputGradient[start + i]) * gain[i] * vec4f(input[start + i]);
  }
  let projection = dot(sumOverLanes(part, local.x, local.y), vec4f(1));
  if (id.y >= shape.rows) {
    return;
  }
  let scale = savedInverse[row];
  let pull = projection * scale * scale * scale / f32(4 * shape.vectors);
  for (var i = local.x; i < shape.vectors; i += lanes) {
    var gradient = vec4f(outputGradient[start + i]) * gain[i] * scale - vec4f(input[start + i]) * pull;
    if (shape.accumulate == 1u) {
      gradient += vec4f(inputGradient[start + i]);
    }
    inputGradient[start + i] = Stored(gradient);
  }
}

@compute @workgroup_size(groups, lanes)
fn backwardGain(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let column = min(id.x, shape.vectors - 1);
  var part = vec4f();
  for (var row = local.y; row < shape.rows; row += lanes) {
    let at = row * shape.vectors + column;
    part += vec4f(outputGradient[at]) * vec4f(input[at]) * savedInverse[row];
  }
  let sum = sumOverLanes(part, local.y, local.x);
  if (id.x < shape.vectors && local.y == 0u) {
    if (shape.accumulate == 1u) {
      gainGradient[column] += sum;
    } else {
      gainGradient[column] = sum;
    }
  }
}
