// What a payload represents leaves the residual: each chosen value loses what was sent of it. One invocation a value.

override lanes: u32 = 64;

@group(0) @binding(1) var<storage, read> places: array<u32>; // in the chunk; `top` a chunk
@group(0) @binding(2) var<storage, read> sent: array<f32>;
@group(0) @binding(3) var<storage, read_write> residual: array<f32>;

@compute @workgroup_size(lanes)
fn leave(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let number = id.y * groups.x * lanes + id.x;
  let chunk = number / shape.top;
  if (chunk >= shape.chunks) {
    return;
  }
  let size = sizeOf(chunk);
  let at = shape.firstChunk * shape.top + number;
  let place = places[at];
  if (number % shape.top < countOf(size) && place < size) {
    residual[chunk * shape.chunk + place] -= sent[at];
  }
}
