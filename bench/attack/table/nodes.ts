import { BaseDelta } from '../../../client/contribute/round/base-delta.ts';
import { encodeDelta } from '../../../client/contribute/round/error-feedback.ts';
import type { AdamWState } from '../../../client/model/reference/adamw.ts';
import { Random } from '../../../client/random.ts';
import type { Codec } from '../../../relay/wire/codec/codec.ts';
import type { Text } from '../../shakespeare.ts';
import { context, TinyLayout, TinyModel, tinyStep } from './model.ts';

/** Local steps of the fastest node, and characters a step. */
export const steps = 8;
export const batch = 16;
const learningRate = 1e-2;
/** How many places of the held-out text are measured. */
const heldOutPlaces = 4096;
/** As many as a relay's probe has tokens. */
const probePlaces = 256;

/** A node: its own part of the text, its optimizer, and what its payloads left out. */
interface TrainingNode {
  readonly text: Uint32Array;
  readonly random: Random;
  readonly steps: number;
  state: AdamWState;
  residual: Float32Array;
}

export interface Contributed {
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly tokens: number;
}

/** Nodes of a run, each with its own part of a text; every third does all steps, the others a half or a quarter, unless it is said. */
export class TrainingNodes {
  readonly layout: TinyLayout;
  readonly #model: TinyModel;
  readonly #nodes: TrainingNode[];
  readonly #heldOut: Uint32Array;
  readonly #places: readonly number[];
  readonly #probe: readonly number[];

  /** `stepsOf` gives the local steps of each node. */
  constructor(
    { train, validation, vocabularySize }: Text,
    count: number,
    seed: number,
    stepsOf = (node: number) => steps >> (node % 3),
  ) {
    this.layout = new TinyLayout(vocabularySize);
    this.#model = new TinyModel(this.layout);
    const each = Math.floor(train.length / count);
    this.#nodes = Array.from({ length: count }, (_, i) => {
      const text = new Uint32Array(each);
      train.copy(i * each, text);
      return {
        ...{ text, random: Random.seeded(seed, 100 + i), steps: stepsOf(i) },
        ...{ state: this.#fresh(), residual: new Float32Array(this.layout.length) },
      };
    });
    this.#heldOut = new Uint32Array(validation.length);
    validation.copy(0, this.#heldOut);
    const random = Random.seeded(7);
    this.#places = Array.from({ length: heldOutPlaces }, () => placeIn(this.#heldOut, random));
    this.#probe = Array.from({ length: probePlaces }, () => placeIn(this.#heldOut, random));
  }

  /** Each node trains on the base and encodes its delta. */
  contribute(base: Float32Array, codec: Codec): Contributed[] {
    return this.#nodes.map((node) => {
      const state = { ...node.state, parameters: Float64Array.from(base) };
      for (let step = 0; step < node.steps; step++) {
        const places = Array.from({ length: batch }, () => placeIn(node.text, node.random));
        tinyStep(this.#model, this.layout, state, { text: node.text, places, learningRate });
      }
      node.state = state;
      const delta = BaseDelta.between(base, Float32Array.from(state.parameters), codec.clipNorm);
      const { payload, residual } = encodeDelta(delta, node.residual, codec);
      node.residual = residual;
      return { payload, tokens: node.steps * batch };
    });
  }

  /** The loss on the held-out text, in nats a character. */
  loss(base: Float32Array): number {
    return this.#model.loss(Float64Array.from(base), this.#heldOut, this.#places);
  }

  /** The loss at the few other places that the relay measures bases at. */
  probeLoss(base: Float32Array): number {
    return this.#model.loss(Float64Array.from(base), this.#heldOut, this.#probe);
  }

  #fresh(): AdamWState {
    const zeros = () => new Float64Array(this.layout.length);
    return { step: 0, parameters: zeros(), firstMoment: zeros(), secondMoment: zeros() };
  }
}

const placeIn = (text: Uint32Array, random: Random) => context + random.below(text.length - context);
