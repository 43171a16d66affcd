// Global gradient norm in two stages of fixed order, and the factor that clips it.
//
//   sumSquares  partials[firstPartial + i] = sum of squares of every `stride`-th vec4 from the i-th on, over one shard
//   clip        clipping = (norm, min(1, limit / norm)) from all partials

struct Shape {
  vectors: u32,      // the shard's length in vec4
  stride: u32,       // partial sums of the shard; one invocation each
  firstPartial: u32,
  partials: u32,     // of all shards together
}

struct StepValues {
  lossScale: f32,
  gradientClip: f32,
}

override lanes: u32 = 64;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<uniform> stepValues: StepValues;
@group(0) @binding(2) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> partials: array<f32>;
@group(0) @binding(4) var<storage, read> allPartials: array<f32>;
@group(0) @binding(5) var<storage, read_write> clipping: array<f32>;

var<workgroup> parts: array<f32, 256>;

@compute @workgroup_size(lanes)
fn sumSquares(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= shape.stride) {
    return;
  }
  var sum = vec4f();
  for (var i = id.x; i < shape.vectors; i += shape.stride) {
    let g = gradient[i];
    sum += g * g;
  }
  partials[shape.firstPartial + id.x] = dot(sum, vec4f(1));
}

@compute @workgroup_size(lanes)
fn clip(@builtin(local_invocation_id) local: vec3u) {
  var part = 0.0;
  for (var i = local.x; i < shape.partials; i += lanes) {
    part += allPartials[i];
  }
  parts[local.x] = part;
  workgroupBarrier();
  if (local.x == 0u) {
    var sum = 0.0;
    for (var i = 0u; i < lanes; i++) {
      sum += parts[i];
    }
    let norm = sqrt(sum);
    clipping[0] = norm;
    clipping[1] = min(1.0, stepValues.gradientClip / max(norm, 1e-30));
  }
}
