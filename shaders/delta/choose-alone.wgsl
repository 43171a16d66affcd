// One invocation chooses of one chunk. It finds the least magnitude that is chosen eight bits at a time, from the highest.

override lanes: u32 = 64;

var<private> counts: array<u32, 256>;

@compute @workgroup_size(lanes)
fn chooseAlone(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let chunk = id.y * groups.x * lanes + id.x;
  if (chunk >= shape.chunks) {
    return;
  }
  let first = chunk * shape.chunk;
  let size = sizeOf(chunk);
  // The bits that are known of the least magnitude, and how many are to be chosen of the values that have these.
  var least = 0u;
  var wanted = countOf(size);
  for (var nth = 0u; nth < 4; nth++) {
    let shift = 24 - 8 * nth;
    for (var i = 0u; i < 256; i++) {
      counts[i] = 0u;
    }
    for (var i = 0u; i < size; i++) {
      let bits = values[first + i] & withoutSign;
      if ((((bits ^ least) >> shift) >> 8) == 0) {
        counts[(bits >> shift) & 255u] += 1;
      }
    }
    var digit = 255u;
    while (digit > 0 && counts[digit] < wanted) {
      wanted -= counts[digit];
      digit -= 1;
    }
    least |= digit << shift;
  }
  var slot = 0u;
  for (var i = 0u; i < size; i++) {
    let bits = values[first + i] & withoutSign;
    if (bits < least || (bits == least && wanted == 0)) {
      continue;
    }
    if (bits == least) {
      wanted -= 1;
    }
    take(chunk, slot, i);
    slot += 1;
  }
}
