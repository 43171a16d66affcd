
// Losses of pairs of scores; the formulas are in client/derive/objectives/reward.ts. The loss of a row is its negative score.

struct Pair {
  chosen: u32, // row of the score
  rejected: u32,
  margin: f32,
}

struct Values {
  pairs: u32,
  centring: f32,
  share: f32, // 1 / pairs of the step
  list: array<Pair>,
}

@group(0) @binding(3) var<storage, read> values: Values;

@compute @workgroup_size(lanes)
fn reward(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= min(values.pairs, shape.capacity)) {
    return;
  }
  let pair = values.list[id.x];
  let scores = -vec2f(losses[pair.chosen], losses[pair.rejected]);
  let slope = -sigmoid(pair.margin - scores.x + scores.y);
  let pull = 2.0 * values.centring * (scores.x + scores.y);
  weights[pair.chosen] = -values.share * (pull + slope);
  weights[pair.rejected] = -values.share * (pull - slope);
}
