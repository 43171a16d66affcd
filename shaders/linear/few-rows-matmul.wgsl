// The loop of linear.wgsl's forward for a few rows, for generation, where reading W takes most of the time.
// The invocations of a workgroup share a pair of columns: each reads every `lanes`-th vec4 of W's rows, so that neighbours read
// adjacent memory, which is fast on GPUs. Their parts are added up in a fixed order.

override lanes: u32 = 8;    // a multiple of 8, at most 64
override heldRows: u32 = 4; // 1 or 4: rows of the product that an invocation holds

var<workgroup> parts: array<vec4f, 512>; // 8 per invocation: the first columns of 4 rows, then the second

@compute @workgroup_size(lanes)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let first = firstOfPair(group.x);
  let row = group.y * heldRows;
  let last = shape.rows - 1;
  let depth = shape.depth;
  let x0 = row * depth;
  let x1 = min(row + 1, last) * depth;
  let x2 = min(row + 2, last) * depth;
  let x3 = min(row + 3, last) * depth;
  let low = 4 * min(first, shape.columns - 1) * depth;
  let high = 4 * min(first + shape.span, shape.columns - 1) * depth;
  var a = mat4x4f(); // each column is a row of the product
  var b = mat4x4f();
  for (var k = lane; k < depth; k += lanes) {
    let u = rightRows(low + k);
    let v = rightRows(high + k);
    let x = vec4f(left[x0 + k]);
    a[0] += x * u;
    b[0] += x * v;
    if (heldRows == 4u) {
      let y = vec4f(left[x1 + k]);
      let z = vec4f(left[x2 + k]);
      let w = vec4f(left[x3 + k]);
      a[1] += y * u;
      b[1] += y * v;
      a[2] += z * u;
      b[2] += z * v;
      a[3] += w * u;
      b[3] += w * v;
    }
  }
  for (var i = 0u; i < heldRows; i++) {
    parts[lane * 8 + i] = a[i];
    parts[lane * 8 + 4 + i] = b[i];
  }
  workgroupBarrier();
  // Each group of 8 lanes adds up its own parts, one of the 8 vec4 per lane; then the sums of all groups are added.
  var sum = vec4f();
  for (var i = 0u; i < 8; i++) {
    sum += parts[(lane / 8 * 8 + i) * 8 + lane % 8];
  }
  workgroupBarrier();
  parts[lane] = sum;
  workgroupBarrier();
  if (lane >= heldRows) {
    return;
  }
  var firstSum = vec4f();
  var secondSum = vec4f();
  for (var i = lane; i < lanes; i += 8u) {
    firstSum += parts[i];
    secondSum += parts[i + 4];
  }
  storePair(row + lane, first, firstSum, secondSum);
}

// The four rows of W that correspond to one vec4 of columns.
fn rightRows(at: u32) -> mat4x4f {
  let depth = shape.depth;
  return mat4x4f(
    vec4f(right[at]), vec4f(right[at + depth]), vec4f(right[at + 2 * depth]), vec4f(right[at + 3 * depth]));
}
