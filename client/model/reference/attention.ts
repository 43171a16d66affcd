import { addScaled, at, dot, row } from './vector.ts';

/** Queries (B, T, heads, headSize); keys and values (B, T, keyValueHeads, headSize). */
export interface AttentionShape {
  readonly batch: number;
  readonly sequence: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  /** (B, T): the position in its sequence at which each position's document begins; without it, each sequence is a document. */
  readonly documents?: Uint32Array;
}

/**
 * Causal attention, each key/value head shared by `heads / keyValueHeads` neighbouring query heads (Ainslie et al. 2023):
 * `output[t] = sum over s <= t of softmax(q[t] . k[s] / sqrt(headSize)) * v[s]`, shaped as the queries. `s` begins where the
 * document of `t` does.
 */
export function attentionForward(
  queries: Float64Array,
  keys: Float64Array,
  values: Float64Array,
  shape: AttentionShape,
): Float64Array {
  const output = new Float64Array(queries.length);
  for (const { query, past } of places(shape)) {
    const attended = row(output, query, shape.headSize);
    attentionWeights(queries, keys, query, past, shape).forEach((weight, s) => {
      addScaled(attended, weight, row(values, at(past, s), shape.headSize));
    });
  }
  return output;
}

/** Gradients of queries, keys and values; recomputes the softmax weights. */
export function attentionBackward(
  queries: Float64Array,
  keys: Float64Array,
  values: Float64Array,
  outputGradient: Float64Array,
  shape: AttentionShape,
): { queries: Float64Array; keys: Float64Array; values: Float64Array } {
  const { headSize } = shape;
  const gradient = {
    queries: new Float64Array(queries.length),
    keys: new Float64Array(keys.length),
    values: new Float64Array(values.length),
  };
  for (const { query, past } of places(shape)) {
    const weights = attentionWeights(queries, keys, query, past, shape);
    const dy = row(outputGradient, query, headSize);
    const weightGradients = past.map((key) => dot(dy, row(values, key, headSize)));
    const mean = dot(weights, weightGradients);
    weights.forEach((weight, s) => {
      const key = at(past, s);
      const score = (weight * (at(weightGradients, s) - mean)) / Math.sqrt(headSize);
      addScaled(row(gradient.values, key, headSize), weight, dy);
      addScaled(row(gradient.queries, query, headSize), score, row(keys, key, headSize));
      addScaled(row(gradient.keys, key, headSize), score, row(queries, query, headSize));
    });
  }
  return gradient;
}

/** Yields each query's row in (B * T * heads) with the rows in (B * T * keyValueHeads) of the keys that it attends to. */
function* places(shape: AttentionShape): Generator<{ query: number; past: Float64Array }> {
  const { batch, sequence, heads, keyValueHeads, documents } = shape;
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t < sequence; t++) {
      const start = documents?.[b * sequence + t] ?? 0;
      for (let head = 0; head < heads; head++) {
        const shared = Math.floor((head * keyValueHeads) / heads);
        yield {
          query: (b * sequence + t) * heads + head,
          past: Float64Array.from(
            { length: t + 1 - start },
            (_, s) => (b * sequence + start + s) * keyValueHeads + shared,
          ),
        };
      }
    }
  }
}

/** The softmax over the keys at rows `past`. */
function attentionWeights(
  queries: Float64Array,
  keys: Float64Array,
  query: number,
  past: Float64Array,
  { headSize }: AttentionShape,
): Float64Array {
  const q = row(queries, query, headSize);
  const scores = past.map((key) => dot(q, row(keys, key, headSize)) / Math.sqrt(headSize));
  const greatest = scores.reduce((a, b) => Math.max(a, b));
  const powers = scores.map((score) => Math.exp(score - greatest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}
