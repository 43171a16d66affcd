// A divergence from a reference, beside the loss of each row; the formulas are in client/derive/objectives/divergence.ts.

struct Reference {
  beta: f32, // weight of the divergence; 0 if the row has none
  logProbability: f32,
}

@group(0) @binding(3) var<storage, read> references: array<Reference>; // of each row

@compute @workgroup_size(lanes)
fn divergence(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= shape.capacity) {
    return;
  }
  let reference = references[row];
  // The reference is ahead of the model by this. Beyond 80, exp overflows.
  let ahead = clamp(reference.logProbability + losses[row], -80.0, 80.0);
  weights[row] *= 1.0 + reference.beta * (exp(ahead) - 1.0);
}
