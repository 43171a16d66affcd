// Casts the parameters to half precision, for kernels that read weights in f16; values that are too large become infinite.

struct Shape {
  vectors: u32,
}

override lanes: u32 = 64;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> weights: array<Stored>;

@compute @workgroup_size(lanes)
fn toHalves(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * lanes + id.x;
  if (at < shape.vectors) {
    weights[at] = Stored(parameters[at]);
  }
}
