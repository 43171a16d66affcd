
// Losses of pairs of a chosen and a rejected sequence; the formulas are in client/derive/objectives/preference.ts.

struct Pair {
  chosen: u32,      // first row
  chosenEnd: u32,   // row after the last
  rejected: u32,
  rejectedEnd: u32,
  chosenTokens: f32, // rows that count
  rejectedTokens: f32,
  chosenReference: f32, // the reference's log-probability of the whole sequence; 0 without a reference
  rejectedReference: f32,
}

struct Values {
  pairs: u32,
  kind: u32,
  strength: f32,   // beta; lambda of ORPO
  extra: f32,      // label smoothing; margin of SimPO
  pairShare: f32,  // 1 / pairs of the step
  likelihood: f32, // weight of the chosen sequences' own loss / tokens of all of them in the step
  list: array<Pair>,
}

@group(0) @binding(3) var<storage, read> values: Values;

const dpo = 0u;
const robust = 1u;
const ipo = 2u;
const hinge = 3u;
const simpo = 4u;
const orpo = 5u;

// 1 - exp(x) for x < 0, also near 0.
fn complement(x: f32) -> f32 {
  return select(1.0 - exp(x), -x * (1.0 + x * (0.5 + x / 6.0)), x > -0.01);
}

@compute @workgroup_size(lanes)
fn preference(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= min(values.pairs, shape.capacity)) {
    return;
  }
  let pair = values.list[id.x];
  let moved = vec2f(
    logProbability(pair.chosen, pair.chosenEnd) - pair.chosenReference,
    logProbability(pair.rejected, pair.rejectedEnd) - pair.rejectedReference);
  let means = moved / vec2f(pair.chosenTokens, pair.rejectedTokens);
  let strength = values.strength;
  // The derivative of the pair's loss by each sequence's log-probability.
  var slope = vec2f();
  if (values.kind == ipo) {
    let distance = 2.0 * (means.x - means.y - 0.5 / strength);
    slope = vec2f(distance, -distance) / vec2f(pair.chosenTokens, pair.rejectedTokens);
  } else if (values.kind == simpo) {
    let change = -strength * sigmoid(values.extra - strength * (means.x - means.y));
    slope = vec2f(change, -change) / vec2f(pair.chosenTokens, pair.rejectedTokens);
  } else if (values.kind == orpo) {
    let held = min(means, vec2f(-1e-6));
    let rest = vec2f(complement(held.x), complement(held.y));
    let change = -strength * sigmoid(log(rest.x / rest.y) - (held.x - held.y));
    slope = vec2f(change, -change) / rest / vec2f(pair.chosenTokens, pair.rejectedTokens);
  } else {
    let z = strength * (moved.x - moved.y);
    var change = sigmoid(z) - (1.0 - values.extra);
    if (values.kind == robust) {
      change = (-(1.0 - values.extra) * sigmoid(-z) - values.extra * sigmoid(z)) / (1.0 - 2.0 * values.extra);
    } else if (values.kind == hinge) {
      change = select(0.0, -1.0, z < 1.0);
    } else if (values.extra == 0.0) {
      // Without smoothing, as one function: sigmoid(z) - 1 would lose the digits of a pair that is almost learned.
      change = -sigmoid(-z);
    }
    slope = strength * vec2f(change, -change);
  }
  slope = values.pairShare * slope - vec2f(values.likelihood, 0.0);
  multiplyWeights(pair.chosen, pair.chosenEnd, -slope.x);
  multiplyWeights(pair.rejected, pair.rejectedEnd, -slope.y);
}
