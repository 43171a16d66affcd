import type { AdamWState } from '../../client/model/reference/adamw.ts';
import { Random } from '../../client/random.ts';
import { learningRateAt, type Schedule } from '../../client/train/optimizer/schedule.ts';
import { context, TinyLayout, TinyModel, tinyStep } from '../attack/table/model.ts';
import type { TrainNode } from '../convergence/training.ts';
import type { Text } from '../shakespeare.ts';

/** Places of the held-out text that a loss is measured at. */
const heldOutPlaces = 4096;
const peak = 1e-2;

/** A model that trains on the CPU in microseconds, for runs of many steps; all nodes have the same text. */
export class TinyTraining {
  readonly layout: TinyLayout;
  readonly #model: TinyModel;
  readonly #text: Uint32Array;
  readonly #heldOut: Uint32Array;
  readonly #schedule: Schedule;

  constructor({ train, validation, vocabularySize }: Text, totalSteps: number) {
    this.layout = new TinyLayout(vocabularySize);
    this.#model = new TinyModel(this.layout);
    this.#text = new Uint32Array(train.length);
    train.copy(0, this.#text);
    this.#heldOut = new Uint32Array(validation.length);
    validation.copy(0, this.#heldOut);
    const warmupSteps = Math.ceil(totalSteps / 10);
    this.#schedule = { kind: 'cosine', peak, finalFraction: 0.1, warmupSteps, totalSteps };
  }

  initial(seed: number): Float32Array<ArrayBuffer> {
    return this.layout.initial(Random.seeded(seed));
  }

  /** A node with its own moments and its own places in the text, which trains on so many characters a step. */
  node(seed: number, characters: number): TrainNode {
    const random = Random.seeded(seed, 31);
    const zeros = () => new Float64Array(this.layout.length);
    let state: AdamWState = { step: 0, parameters: zeros(), firstMoment: zeros(), secondMoment: zeros() };
    return async (from, first, steps) => {
      state = { ...state, parameters: Float64Array.from(from) };
      for (let step = 0; step < steps; step++) {
        const places = Array.from({ length: characters }, () => placeIn(this.#text, random));
        const learningRate = learningRateAt(first + step, this.#schedule);
        tinyStep(this.#model, this.layout, state, { text: this.#text, places, learningRate });
      }
      return Float32Array.from(state.parameters);
    };
  }

  /** In nats a character. */
  loss(parameters: Float32Array): number {
    const random = Random.seeded(7);
    const places = Array.from({ length: heldOutPlaces }, () => placeIn(this.#heldOut, random));
    return this.#model.loss(Float64Array.from(parameters), this.#heldOut, places);
  }
}

const placeIn = (text: Uint32Array, random: Random) => context + random.below(text.length - context);
