import { headSizeOf, queryWidthOf } from '../../formats/decoder/head-size.ts';
import { rotaryFrequency } from '../../formats/decoder/rope-scaling.ts';
import { type ModelConfig, paddedExtents } from '../config.ts';
import type { ParameterLayout } from '../parameters.ts';
import {
  type Addition,
  type CachedDecoder,
  checkAdapter,
  checkAdditions,
  type LoadedAdapters,
} from './cached-decoder.ts';
import { adapt, type CpuLowRank, cpuAdapter } from './cpu-adapter.ts';
import { accumulate, at, multiply, normalise } from './cpu-kernels.ts';
import { HeldTokens } from './held-tokens.ts';

/** Multiplications between two yields to the event loop: a few milliseconds of work. */
const multiplicationsATurn = 4_000_000;

/** One layer's weights, as views of the parameters. */
interface Layer {
  readonly attentionNorm: Float32Array; // (C)
  readonly queryWeight: Float32Array; // (queryWidth, C)
  readonly keyWeight: Float32Array; // (keyValueWidth, C)
  readonly valueWeight: Float32Array; // (keyValueWidth, C)
  readonly outputWeight: Float32Array; // (C, queryWidth)
  readonly feedForwardNorm: Float32Array; // (C)
  readonly gateWeight: Float32Array; // (F, C)
  readonly upWeight: Float32Array; // (F, C)
  readonly downWeight: Float32Array; // (C, F)
}

/** A layer's keys and values of one sequence. */
interface LayerCache {
  readonly keys: Float32Array; // (contextLength, keyValueWidth), rotated
  readonly values: Float32Array; // (contextLength, keyValueWidth)
}

interface Sequence {
  readonly held: HeldTokens;
  readonly layers: readonly LayerCache[];
  readonly logits: Float32Array; // (V)
}

/**
 * The decoder in float32 on the CPU, one sequence after another and one token at a time. It needs no adapter, so generation
 * works on every machine. It yields to the event loop while it computes.
 */
export class CpuDecoder implements CachedDecoder {
  readonly config: ModelConfig;
  readonly #sequences: readonly Sequence[];
  /** The adapters of each loaded adapter's matrices, by the matrix. */
  readonly #adapters: ReadonlyMap<string, ReadonlyMap<Float32Array, CpuLowRank>>;
  #adapter: ReadonlyMap<Float32Array, CpuLowRank> = new Map();
  readonly #embedding: Float32Array; // (V, C)
  readonly #layers: readonly Layer[];
  readonly #finalNorm: Float32Array; // (C)
  readonly #head: Float32Array; // (V, C)
  readonly #cosines: Float32Array; // (contextLength, headSize / 2)
  readonly #sines: Float32Array; // (contextLength, headSize / 2)
  readonly #residual: Float32Array; // (C)
  readonly #normed: Float32Array; // (C)
  readonly #queries: Float32Array; // (queryWidth)
  readonly #attended: Float32Array; // (queryWidth)
  readonly #projected: Float32Array; // (C)
  readonly #scores: Float32Array; // (contextLength)
  readonly #gate: Float32Array; // (F)
  readonly #up: Float32Array; // (F)
  #sinceTurn = 0;

  /** Reads `parameters` in place: they must not change while the decoder is in use. */
  constructor(
    config: ModelConfig,
    layout: ParameterLayout,
    parameters: Float32Array,
    sequences = 1,
    adapters: LoadedAdapters = new Map(),
  ) {
    const views = new Map<string, Float32Array>();
    const tensor = (name: string) => {
      const place = layout.tensors.find((each) => each.name === name);
      if (place === undefined) throw new RangeError(`the layout has no tensor ${name}`);
      if (place.offset + place.size > parameters.length)
        throw new RangeError(`${name} is outside the parameters`);
      const view = parameters.subarray(place.offset, place.offset + place.size);
      views.set(name, view);
      return view;
    };
    const { dimension, contextLength, vocabularySize } = config;
    const { feedForward } = paddedExtents(config);
    const headSize = headSizeOf(config);
    const half = headSize / 2;
    const cacheSize = contextLength * headSize * config.keyValueHeads;
    this.config = config;
    this.#embedding = tensor('model.embed_tokens.weight');
    this.#layers = Array.from({ length: config.layers }, (_, layer) => {
      const own = (name: string) => tensor(`model.layers.${layer}.${name}.weight`);
      return {
        attentionNorm: own('input_layernorm'),
        queryWeight: own('self_attn.q_proj'),
        keyWeight: own('self_attn.k_proj'),
        valueWeight: own('self_attn.v_proj'),
        outputWeight: own('self_attn.o_proj'),
        feedForwardNorm: own('post_attention_layernorm'),
        gateWeight: own('mlp.gate_proj'),
        upWeight: own('mlp.up_proj'),
        downWeight: own('mlp.down_proj'),
      };
    });
    const base = { layout, values: parameters };
    this.#adapters = new Map(
      [...adapters].map(([name, adapter]) => {
        const own = [...cpuAdapter(base, adapter)];
        return [
          name,
          new Map(own.map(([matrix, lowRank]) => [views.get(matrix) ?? tensor(matrix), lowRank])),
        ];
      }),
    );
    this.#finalNorm = tensor('model.norm.weight');
    this.#head = config.tiedHead ? this.#embedding : tensor('lm_head.weight');
    const angles = Float64Array.from(
      { length: contextLength * half },
      (_, i) => Math.floor(i / half) * rotaryFrequency(config, i % half, half),
    );
    this.#cosines = Float32Array.from(angles, Math.cos);
    this.#sines = Float32Array.from(angles, Math.sin);
    this.#residual = new Float32Array(dimension);
    this.#normed = new Float32Array(dimension);
    this.#queries = new Float32Array(queryWidthOf(config));
    this.#attended = new Float32Array(queryWidthOf(config));
    this.#projected = new Float32Array(dimension);
    this.#scores = new Float32Array(contextLength);
    this.#gate = new Float32Array(feedForward);
    this.#up = new Float32Array(feedForward);
    this.#sequences = Array.from({ length: sequences }, () => ({
      held: new HeldTokens(),
      layers: this.#layers.map(() => ({
        keys: new Float32Array(cacheSize),
        values: new Float32Array(cacheSize),
      })),
      logits: new Float32Array(vocabularySize),
    }));
  }

  get sequences(): number {
    return this.#sequences.length;
  }

  lengthOf(sequence: number): number {
    return this.#sequence(sequence).held.length;
  }

  clear(sequence: number): void {
    this.#sequence(sequence).held.truncate(0);
  }

  rewind(sequence: number, tokens: readonly number[]): number {
    const { held } = this.#sequence(sequence);
    held.truncate(held.shared(tokens));
    return held.length;
  }

  useAdapter(name: string | null): void {
    checkAdapter(name, this.#adapters);
    this.#adapter = (name !== null && this.#adapters.get(name)) || new Map();
    for (const { held } of this.#sequences) held.truncate(0);
  }

  async append(additions: readonly Addition[], signal?: AbortSignal): Promise<readonly Float32Array[]> {
    checkAdditions(this, additions);
    for (const { sequence, tokens } of additions) {
      const state = this.#sequence(sequence);
      for (const [index, token] of tokens.entries()) {
        for (const multiplications of this.#read(state, token, index === tokens.length - 1)) {
          this.#sinceTurn += multiplications;
          if (this.#sinceTurn < multiplicationsATurn) continue;
          this.#sinceTurn = 0;
          await eventLoopTurn();
          signal?.throwIfAborted();
        }
      }
    }
    return additions.map(({ sequence }) => this.#sequence(sequence).logits);
  }

  /** Does nothing: all memory is JavaScript's. */
  close(): void {}

  #sequence(sequence: number): Sequence {
    const state = this.#sequences[sequence];
    if (state === undefined) throw new RangeError(`${sequence} is not one of ${this.sequences} sequences`);
    return state;
  }

  /**
   * Reads a token, a layer at a time, and yields the number of multiplications of each layer. `withLogits` is set only for
   * tokens whose logits are needed, because the head is a large matrix.
   */
  *#read(sequence: Sequence, token: number, withLogits: boolean): Generator<number> {
    const { dimension, normEpsilon } = this.config;
    this.#residual.set(this.#embedding.subarray(token * dimension, (token + 1) * dimension));
    for (const [index, layer] of this.#layers.entries()) {
      const cache = sequence.layers[index];
      if (cache !== undefined) yield this.#pass(layer, cache, sequence.held.length);
    }
    sequence.held.add(token);
    if (!withLogits) return;
    normalise(this.#normed, this.#residual, this.#finalNorm, normEpsilon);
    multiply(sequence.logits, this.#head, this.#normed);
    yield this.#head.length;
  }

  /** Applies one layer to the residual; returns the number of multiplications. */
  #pass(layer: Layer, cache: LayerCache, position: number): number {
    const { normEpsilon } = this.config;
    const keyValueWidth = layer.keyWeight.length / this.config.dimension;
    const keys = cache.keys.subarray(position * keyValueWidth, (position + 1) * keyValueWidth);
    const values = cache.values.subarray(position * keyValueWidth, (position + 1) * keyValueWidth);

    normalise(this.#normed, this.#residual, layer.attentionNorm, normEpsilon);
    this.#project(this.#queries, layer.queryWeight, this.#normed);
    this.#project(keys, layer.keyWeight, this.#normed);
    this.#project(values, layer.valueWeight, this.#normed);
    this.#turn(this.#queries, position);
    this.#turn(keys, position);
    this.#attend(cache, position, keyValueWidth);
    this.#project(this.#projected, layer.outputWeight, this.#attended);
    accumulate(this.#residual, this.#projected);

    normalise(this.#normed, this.#residual, layer.feedForwardNorm, normEpsilon);
    this.#project(this.#gate, layer.gateWeight, this.#normed);
    this.#project(this.#up, layer.upWeight, this.#normed);
    for (let i = 0; i < this.#gate.length; i++) {
      const gate = at(this.#gate, i);
      this.#gate[i] = (gate / (1 + Math.exp(-gate))) * at(this.#up, i);
    }
    this.#project(this.#projected, layer.downWeight, this.#gate);
    accumulate(this.#residual, this.#projected);

    return (
      2 * (layer.queryWeight.length + layer.keyWeight.length) +
      3 * layer.gateWeight.length +
      2 * this.#queries.length * (position + 1)
    );
  }

  /** The product of a matrix, with its adapter if it has one. */
  #project(output: Float32Array, weight: Float32Array, input: Float32Array): void {
    multiply(output, weight, input);
    const adapter = this.#adapter.get(weight);
    if (adapter !== undefined) adapt(output, input, adapter);
  }

  /** Applies rotary positions in place to all heads of a row; pairs are (i, i + headSize / 2). */
  #turn(heads: Float32Array, position: number): void {
    const headSize = headSizeOf(this.config);
    const half = headSize / 2;
    for (let head = 0; head < heads.length; head += headSize) {
      for (let i = 0; i < half; i++) {
        const cosine = at(this.#cosines, position * half + i);
        const sine = at(this.#sines, position * half + i);
        const first = at(heads, head + i);
        const second = at(heads, head + i + half);
        heads[head + i] = first * cosine - second * sine;
        heads[head + i + half] = second * cosine + first * sine;
      }
    }
  }

  /** Attention of the newest query over the cache. */
  #attend(cache: LayerCache, position: number, keyValueWidth: number): void {
    const { heads, keyValueHeads } = this.config;
    const headSize = headSizeOf(this.config);
    const scores = this.#scores;
    this.#attended.fill(0);
    for (let head = 0; head < heads; head++) {
      const query = head * headSize;
      const shared = Math.floor((head * keyValueHeads) / heads) * headSize;
      let greatest = Number.NEGATIVE_INFINITY;
      for (let s = 0; s <= position; s++) {
        let score = 0;
        for (let i = 0; i < headSize; i++) {
          score += at(this.#queries, query + i) * at(cache.keys, s * keyValueWidth + shared + i);
        }
        score /= Math.sqrt(headSize);
        scores[s] = score;
        greatest = Math.max(greatest, score);
      }
      let sum = 0;
      for (let s = 0; s <= position; s++) {
        const power = Math.exp(at(scores, s) - greatest);
        scores[s] = power;
        sum += power;
      }
      for (let s = 0; s <= position; s++) {
        const weight = at(scores, s) / sum;
        for (let i = 0; i < headSize; i++) {
          this.#attended[query + i] =
            at(this.#attended, query + i) + weight * at(cache.values, s * keyValueWidth + shared + i);
        }
      }
    }
  }
}

/** Resolves after timers, sockets and rendering have run. */
function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
