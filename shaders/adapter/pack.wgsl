// Copies an adapter from its parameters to the matrices that the linear kernels read, and the gradient of these matrices back.
// A table names the place of each element of the packed matrices among the parameters; see packed.ts. No parameter has two
// places, so the copy back needs no sums.

struct Shape {
  vectors: u32, // of the packed matrices
}

struct Source {
  place: u32, // the parameter's place plus 1, 0 for an element that is always zero
  factor: f32,
}

override lanes: u32 = 64;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> table: array<Source>;
@group(0) @binding(2) var<storage, read> parameters: array<f32>;
@group(0) @binding(3) var<storage, read_write> packed: array<Stored>;
@group(0) @binding(4) var<storage, read> packedGradient: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> gradient: array<f32>;

fn valueOf(source: Source) -> f32 {
  if (source.place == 0) {
    return 0.0;
  }
  return parameters[source.place - 1] * source.factor;
}

@compute @workgroup_size(lanes)
fn pack(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * lanes + id.x;
  if (at < shape.vectors) {
    packed[at] = Stored(vec4f(
      valueOf(table[4 * at]), valueOf(table[4 * at + 1]), valueOf(table[4 * at + 2]), valueOf(table[4 * at + 3])));
  }
}

@compute @workgroup_size(lanes)
fn unpack(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * lanes + id.x;
  if (at >= shape.vectors) {
    return;
  }
  let values = packedGradient[at];
  for (var i = 0u; i < 4; i++) {
    let source = table[4 * at + i];
    if (source.place != 0) {
      gradient[source.place - 1] = values[i] * source.factor;
    }
  }
}
