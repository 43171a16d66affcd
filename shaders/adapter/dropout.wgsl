// Dropout (Srivastava et al. 2014): elements are 0 with a probability, and the others divided by its complement. Whether an element is
// dropped follows from its place and the batch's seed, so that the backward pass and a recomputed forward pass drop the same.

struct Shape {
  vectors: u32,
  stream: u32,    // of the layer
  threshold: u32, // elements whose draw is below it are dropped
  scale: f32,     // of the others
}

override lanes: u32 = 64;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> draws: array<u32>; // the batch's seed; 0 drops nothing
@group(0) @binding(2) var<storage, read> input: array<Stored>;
@group(0) @binding(3) var<storage, read_write> output: array<Stored>;

// A bijection of 32 bits whose output looks random (lowbias32, Wellons 2018, nullprogram.com/blog/2018/07/31).
fn mixed(value: u32) -> u32 {
  var x = value;
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return x ^ (x >> 16);
}

@compute @workgroup_size(lanes)
fn drop(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * lanes + id.x;
  if (at >= shape.vectors) {
    return;
  }
  let seed = draws[0];
  if (seed == 0) {
    output[at] = input[at];
    return;
  }
  let first = mixed(seed + shape.stream * 0x9e3779b9u) + 4 * at;
  let drawn = vec4u(mixed(first), mixed(first + 1), mixed(first + 2), mixed(first + 3));
  output[at] = Stored(select(vec4f(), vec4f(input[at]) * shape.scale, drawn >= vec4u(shape.threshold)));
}
