// One workgroup chooses of one chunk: each invocation holds 16 adjacent values of it. They find the least magnitude that is chosen bit by bit,
// by counting the values that are not below it. Counts are summed in two stages, without atomics.

const most = 16u;
const workers = 256u;

var<workgroup> counts: array<u32, workers>;
var<workgroup> sums: array<u32, 16>;

@compute @workgroup_size(workers)
fn chooseTogether(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) worker: u32
) {
  let chunk = group.y * groups.x + group.x;
  if (chunk >= shape.chunks) {
    return;
  }
  let size = sizeOf(chunk);
  let wanted = countOf(size);
  let first = worker * most;
  // One more than the bits of the magnitude; 0 past the end of the chunk.
  var keys: array<u32, most>;
  for (var i = 0u; i < most; i++) {
    let at = min(first + i, size - 1);
    keys[i] = select(0u, (values[chunk * shape.chunk + at] & withoutSign) + 1, first + i < size);
  }

  var least = 0u;
  for (var bit = 0u; bit < 32; bit++) {
    let candidate = least | (0x80000000u >> bit);
    var own = 0u;
    for (var i = 0u; i < most; i++) {
      own += select(0u, 1u, keys[i] >= candidate);
    }
    counts[worker] = own;
    workgroupBarrier();
    if (worker < 16) {
      var sum = 0u;
      for (var i = 0u; i < 16; i++) {
        sum += counts[worker * 16 + i];
      }
      sums[worker] = sum;
    }
    workgroupBarrier();
    var total = 0u;
    for (var i = 0u; i < 16; i++) {
      total += sums[i];
    }
    least = select(least, candidate, total >= wanted);
  }

  // How many values are above the least magnitude, and how many have it: the sums of both up to each invocation, in one number.
  var above = 0u;
  var equal = 0u;
  for (var i = 0u; i < most; i++) {
    above += select(0u, 1u, keys[i] > least);
    equal += select(0u, 1u, keys[i] == least);
  }
  let own = (above << 16) | equal;
  counts[worker] = own;
  workgroupBarrier();
  for (var reach = 1u; reach < workers; reach <<= 1) {
    var before = 0u;
    if (worker >= reach) {
      before = counts[worker - reach];
    }
    workgroupBarrier();
    counts[worker] += before;
    workgroupBarrier();
  }
  let chosenEqual = wanted - (counts[workers - 1] >> 16);
  let before = counts[worker] - own;
  above = before >> 16;
  equal = before & 0xffffu;
  for (var i = 0u; i < most; i++) {
    if (keys[i] > least) {
      take(chunk, above + min(equal, chosenEqual), first + i);
      above += 1;
    } else if (keys[i] == least) {
      if (equal < chosenEqual) {
        take(chunk, above + equal, first + i);
      }
      equal += 1;
    }
  }
}
