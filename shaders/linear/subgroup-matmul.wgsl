// Loops of linear.wgsl for adapters whose subgroups have 8 lanes: a CPU's vectors.
//
// On these, loads and stores are slow, because they run lane by lane. So each lane loads a different row of `left`, and shares
// it with all lanes, which need it. A workgroup is one subgroup; an invocation holds 16 rows (backwardWeight: 32) of one vec4 in
// registers. Every lane takes part in every exchange: loads are clamped, stores are guarded.
//
// In forward lanes 0 to 3 hold the first columns of four pairs and lanes 4 to 7 the second ones.

// See numbers.wgsl. The loops at the end of a kernel start at `row`, which is unknown at compile time, so that compilers do not
// unroll them: each load and store in the text becomes hundreds of instructions.
var<private> sums: array<Numbers, 32>;

fn add(held: u32, x: vec4f) {
  sums[held] = numbers(vector(sums[held]) + x);
}

// Adds w x to the sums of 8 rows, x from the lane of each row.
fn addProducts(row: u32, w: mat4x4f, x: vec4f) {
  for (var i = 0u; i < 8; i++) {
    add(row + i, w * subgroupShuffle(x, i));
  }
}

fn rightRows(at: u32, step: u32) -> mat4x4f {
  return mat4x4f(
    vec4f(right[at]), vec4f(right[at + step]), vec4f(right[at + 2 * step]), vec4f(right[at + 3 * step]));
}

@compute @workgroup_size(8)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let row = group.y * 16;
  let first = firstOfPair(group.x * 4 + lane % 4);
  let depth = shape.depth;
  let low = min(row + lane, shape.rows - 1) * depth;
  let high = min(row + 8 + lane, shape.rows - 1) * depth;
  let b = 4 * min(first + lane / 4 * shape.span, shape.columns - 1) * depth;
  for (var k = 0u; k < depth; k++) {
    let w = transpose(rightRows(b + k, depth));
    addProducts(0, w, vec4f(left[low + k]));
    addProducts(8, w, vec4f(left[high + k]));
  }
  for (var r = row; r < min(row + 16, shape.rows); r++) {
    let own = vector(sums[r - row]);
    let second = subgroupShuffleXor(own, 4);
    if (lane < 4) {
      storePair(r, first, own, second);
    }
  }
}

@compute @workgroup_size(8)
fn backwardInput(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let row = group.y * 16;
  let column = group.x * 8 + lane;
  let columns = shape.columns;
  let low = min(row + lane, shape.rows - 1) * shape.depth;
  let high = min(row + 8 + lane, shape.rows - 1) * shape.depth;
  let b = min(column, columns - 1);
  for (var k = 0u; k < shape.depth; k++) {
    let w = rightRows(b + 4 * k * columns, columns);
    addProducts(0, w, vec4f(left[low + k]));
    addProducts(8, w, vec4f(left[high + k]));
  }
  for (var r = row; r < min(row + 16, shape.rows); r++) {
    storeInput(r, column, vector(sums[r - row]));
  }
}

// Here rows (out) are also a multiple of 4.
@compute @workgroup_size(8)
fn backwardWeight(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let row = group.y * 32;
  let column = group.x * 8 + lane;
  let columns = shape.columns;
  let rows = shape.rows / 4;
  let a = min(group.y * 8 + lane, rows - 1);
  let b = min(column, columns - 1);
  for (var k = 0u; k < shape.depth; k++) {
    let x = vec4f(right[b + k * columns]);
    let fours = vec4f(left[a + k * rows]);
    for (var i = 0u; i < 8; i++) {
      let y = subgroupShuffle(fours, i);
      add(4 * i, x * y.x);
      add(4 * i + 1, x * y.y);
      add(4 * i + 2, x * y.z);
      add(4 * i + 3, x * y.w);
    }
  }
  for (var r = row; r < min(row + 32, shape.rows); r++) {
    if (column < columns) {
      storeWeight(r, column, vector(sums[r - row]));
    }
  }
}
