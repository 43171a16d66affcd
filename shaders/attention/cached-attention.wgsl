// Causal grouped-query attention of new tokens of sequences over cached keys and values (a KV cache).
//
// A row is a token with its own sequence and position, independent of the neighbouring rows. A row of `qkv` holds the query
// heads, then the key heads, then the value heads; queries and keys are rotated. The cache holds the key and value heads of
// every position of some sequences.
//
//   append  cache[sequence and position of the row] = the keys and values of the row
//   attend  output[row] = softmax(q kᵀ / sqrt(width)) v over the cache up to the row's own position
//
// Rows whose sequence is not in this cache, or that have none, are skipped. One workgroup computes one head of a row, a block
// of keys at a time, with a streaming softmax (Dao et al. 2022, arXiv 2205.14135): each lane computes the scores of its own
// keys, then adds up its own columns: one vec4 of the head's width over every `splits`-th value.

struct Shape {
  rows: u32,
  heads: u32,
  keyValueHeads: u32,
  headVectors: u32,   // a head's width in vec4
  sequences: u32,     // number of sequences in the bound cache
  positions: u32,     // number of positions of each
  firstSequence: u32, // first sequence of the bound cache, which may be a part of a larger one
}

const lowest = -3.0e38;
const stretch = 256u;

override lanes: u32 = 8;  // at most 256
override splits: u32 = 1; // splits * headVectors is at most 256

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> sequences: array<u32>; // of each row
@group(0) @binding(2) var<storage, read> positions: array<u32>;
@group(0) @binding(3) var<storage, read> qkv: array<Stored>;
@group(0) @binding(4) var<storage, read_write> cache: array<Stored>;
@group(0) @binding(5) var<storage, read> savedCache: array<Stored>;
@group(0) @binding(6) var<storage, read_write> output: array<Stored>;

var<workgroup> scores: array<f32, 256>;
var<workgroup> parts: array<f32, 256>;
var<workgroup> sums: array<vec4f, 256>;

// Keys and values of one position.
fn cacheVectors() -> u32 {
  return 2 * shape.keyValueHeads * shape.headVectors;
}

fn queryVectors() -> u32 {
  return shape.heads * shape.headVectors;
}

@compute @workgroup_size(lanes)
fn append(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * lanes + id.x;
  let vectors = cacheVectors();
  if (at >= shape.rows * vectors) {
    return;
  }
  let row = at / vectors;
  let column = at % vectors;
  let sequence = sequences[row] - shape.firstSequence; // beyond the end if in another part, or none
  if (sequence >= shape.sequences) {
    return;
  }
  cache[(sequence * shape.positions + positions[row]) * vectors + column] =
    qkv[row * (queryVectors() + vectors) + queryVectors() + column];
}

@compute @workgroup_size(lanes)
fn attend(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let head = group.x;
  let row = group.y;
  let width = shape.headVectors;
  let vectors = cacheVectors();
  let sequence = sequences[row] - shape.firstSequence;
  let count = select(0, positions[row] + 1, sequence < shape.sequences);
  let queryAt = row * (queryVectors() + vectors) + head * width;
  let keysAt = sequence * shape.positions * vectors + head / (shape.heads / shape.keyValueHeads) * width;
  let valuesAt = keysAt + vectors / 2;

  for (var unit = lane; unit < splits * width; unit += lanes) {
    sums[unit] = vec4f();
  }
  let scale = 1.0 / sqrt(f32(4 * width));
  var top = lowest;
  var ownTotal = 0.0; // over this lane's keys
  for (var start = 0u; start < count; start += stretch) {
    let keys = min(count - start, stretch);
    var ownTop = top;
    for (var i = lane; i < keys; i += lanes) {
      let at = keysAt + (start + i) * vectors;
      var products = vec4f();
      for (var d = 0u; d < width; d++) {
        products += vec4f(qkv[queryAt + d]) * vec4f(savedCache[at + d]);
      }
      let score = dot(products, vec4f(1)) * scale;
      ownTop = max(ownTop, score);
      scores[i] = score;
    }
    parts[lane] = ownTop;
    workgroupBarrier();
    var newTop = top;
    for (var i = 0u; i < lanes; i++) {
      newTop = max(newTop, parts[i]);
    }
    let shrink = exp(top - newTop);
    top = newTop;
    ownTotal *= shrink;
    for (var i = lane; i < keys; i += lanes) {
      let weight = exp(scores[i] - newTop);
      ownTotal += weight;
      scores[i] = weight;
    }
    workgroupBarrier();
    for (var unit = lane; unit < splits * width; unit += lanes) {
      let at = valuesAt + unit % width;
      var sum = sums[unit] * shrink;
      for (var i = unit / width; i < keys; i += splits) {
        sum += scores[i] * vec4f(savedCache[at + (start + i) * vectors]);
      }
      sums[unit] = sum;
    }
    workgroupBarrier();
  }
  parts[lane] = ownTotal;
  workgroupBarrier();
  if (count == 0) {
    return;
  }
  var total = 0.0;
  for (var i = 0u; i < lanes; i++) {
    total += parts[i];
  }
  for (var column = lane; column < width; column += lanes) {
    var sum = vec4f();
    for (var split = 0u; split < splits; split++) {
      sum += sums[split * width + column];
    }
    output[(row * shape.heads + head) * width + column] = Stored(sum / total);
  }
}
