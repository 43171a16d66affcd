
// Kahneman-Tversky optimization over single sequences; the formulas are in client/derive/objectives/kto.ts.
//
//   ktoSums  moved = each sequence's log-probability less the reference's
//   kto      weights, from `savedMoved`

struct Sequence {
  first: u32, // first row
  end: u32,   // row after the last
  reference: f32,
  factor: f32, // weight of an answer, negative if it is not wanted; 0 for the sequences of the divergence
}

struct Values {
  answers: u32,
  others: u32, // sequences that estimate the divergence; they follow the answers
  beta: f32,
  share: f32, // 1 / answers of the step
  list: array<Sequence>,
}

@group(0) @binding(3) var<storage, read> values: Values;
@group(0) @binding(4) var<storage, read_write> moved: array<f32>;
@group(0) @binding(5) var<storage, read> savedMoved: array<f32>;

@compute @workgroup_size(lanes)
fn ktoSums(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= min(values.answers + values.others, shape.capacity)) {
    return;
  }
  let sequence = values.list[id.x];
  moved[id.x] = logProbability(sequence.first, sequence.end) - sequence.reference;
}

@compute @workgroup_size(lanes)
fn kto(@builtin(global_invocation_id) id: vec3u) {
  let all = min(values.answers + values.others, shape.capacity);
  if (id.x >= all) {
    return;
  }
  var sum = 0.0;
  for (var i = values.answers; i < all; i++) {
    sum += savedMoved[i];
  }
  let divergence = max(0.0, sum / max(1.0, f32(values.others)));
  let sequence = values.list[id.x];
  let x = sign(sequence.factor) * values.beta * (savedMoved[id.x] - divergence);
  let slope = -sequence.factor * values.beta * sigmoid(x) * sigmoid(-x) * values.share;
  multiplyWeights(sequence.first, sequence.end, -slope);
}
