
// Clipped policy gradients; the formulas are in client/derive/objectives/policy.ts.

struct Sequence {
  first: u32, // first row
  end: u32,   // row after the last
  advantage: f32,
  share: f32,  // factor of each token's loss
  tokens: f32, // rows that count
}

struct Values {
  sequences: u32,
  bySequence: u32, // 1 if a sequence has one ratio
  low: f32,
  high: f32,
  beta: f32,
  list: array<Sequence>,
}

@group(0) @binding(3) var<storage, read> values: Values;
@group(0) @binding(4) var<storage, read> earlier: array<vec2f>; // log-probability of each row by the old policy and by the reference

fn ratioOf(change: f32) -> f32 {
  return exp(clamp(change, -80.0, 80.0));
}

@compute @workgroup_size(lanes)
fn policy(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= min(values.sequences, shape.capacity)) {
    return;
  }
  let sequence = values.list[id.x];
  var sum = 0.0;
  for (var row = sequence.first; row < sequence.end; row++) {
    sum += select(0.0, -losses[row] - earlier[row].x, weights[row] != 0.0);
  }
  for (var row = sequence.first; row < sequence.end; row++) {
    let value = -losses[row];
    let ratio = ratioOf(select(value - earlier[row].x, sum / sequence.tokens, values.bySequence == 1u));
    let held = clamp(ratio, 1.0 - values.low, 1.0 + values.high);
    let clipped = ratio * sequence.advantage > held * sequence.advantage;
    var slope = select(-ratio * sequence.advantage, 0.0, clipped);
    slope += values.beta * (1.0 - ratioOf(earlier[row].y - value));
    weights[row] *= -slope * sequence.share;
  }
}
