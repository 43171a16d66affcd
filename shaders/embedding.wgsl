// Token embedding: a row of the table for each token, and the gradient of the table.
//
//   forward   output[r] = table[tokens[r]]                        one invocation per vec4 of the output
//   backward  tableGradient[v] (=, or += with `accumulate`) sum of outputGradient[r] over the rows r with token v
//
// Backward gathers instead of scattering: the host passes the rows sorted by token (`order`) and the start of each token's
// rows in that order (`starts`, vocabulary + 1). No atomics are needed, and the order of every sum is fixed.

struct Shape {
  rows: u32,
  vocabulary: u32,
  vectors: u32,    // a row's width in vec4
  accumulate: u32,
  firstToken: u32, // token of the first bound row; the table may be a part of a larger one
}

override lanes: u32 = 64;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> tokens: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<Stored>;
@group(0) @binding(3) var<storage, read_write> output: array<Stored>;
@group(0) @binding(4) var<storage, read> order: array<u32>;
@group(0) @binding(5) var<storage, read> starts: array<u32>;
@group(0) @binding(6) var<storage, read> outputGradient: array<Stored>;
@group(0) @binding(7) var<storage, read_write> tableGradient: array<vec4f>;

@compute @workgroup_size(lanes)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * lanes + id.x;
  if (at >= shape.rows * shape.vectors) {
    return;
  }
  let row = at / shape.vectors;
  let token = tokens[row] - shape.firstToken; // far beyond the end if in another part
  if (token < shape.vocabulary) {
    output[at] = table[token * shape.vectors + at % shape.vectors];
  }
}

@compute @workgroup_size(lanes)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * lanes + id.x;
  if (at >= shape.vocabulary * shape.vectors) {
    return;
  }
  let token = at / shape.vectors;
  let column = at % shape.vectors;
  var sum = vec4f();
  let end = starts[shape.firstToken + token + 1];
  for (var i = starts[shape.firstToken + token]; i < end; i++) {
    sum += vec4f(outputGradient[order[i] * shape.vectors + column]);
  }
  if (shape.accumulate == 1u) {
    sum += tableGradient[at];
  }
  tableGradient[at] = sum;
}
