import { delayedNesterov } from '../../relay/run/outer/delayed-nesterov.ts';
import { nesterov } from '../../relay/run/outer/nesterov.ts';
import type { OuterOptimizer, State } from '../../relay/run/outer/outer-optimizer.ts';
import { mixedBase } from '../../relay/run/upstream/mixed-base.ts';
import type { TrainNode } from '../convergence/training.ts';
import type { Text } from '../shakespeare.ts';
import { TinyTraining } from './tiny-training.ts';

type Vector = Float32Array<ArrayBuffer>;

/** How nations work together under one upstream relay. */
export interface Way {
  /** Whether the upstream relay waits for all nations, or makes a base of each contribution as it arrives. */
  readonly upstream: 'rounds' | 'arrivals';
  /** How nations go on without waiting for its bases; null if they wait for each. */
  readonly mixing: { readonly every: number; readonly weight: number } | null;
}

export interface Setting {
  readonly text: Text;
  /** Steps of a node of each nation in a unit of time. */
  readonly speeds: readonly number[];
  /** Nodes of each nation, and the local steps of one of its rounds. */
  readonly nodes: number;
  readonly steps: number;
  /** Units of time that a base or a contribution is on its way between a nation and the upstream relay. */
  readonly link: number;
  /** Units of time of the run: the learning rate falls over them, whatever was trained. */
  readonly time: number;
  readonly seed: number;
}

/** The held-out loss of an upstream base, in nats a character, and when it was made. */
export interface Measured {
  readonly at: number;
  readonly loss: number;
}

const outer = { learningRate: 0.7, momentum: 0.5 };
const charactersOfNode = 16;

interface Nation {
  readonly speed: number;
  readonly train: readonly TrainNode[];
  state: State;
  rounds: number;
  /** The work up to here is in an upstream base, or on its way to one. */
  sent: { readonly rounds: number; readonly parameters: Vector };
  isOnItsWay: boolean;
  /** An upstream base that came, and is mixed in between two rounds. */
  came: Vector | null;
}

interface Arrived {
  readonly nation: Nation;
  readonly delta: Vector;
  readonly rounds: number;
}

/**
 * A run of nations of different speeds on virtual time, each with rounds and a momentum of its own, under an upstream relay behind slow
 * lines. The training is that of a tiny model, the outer steps and the mixing are the relay's; deltas are not rounded.
 */
export class Nations {
  readonly #setting: Setting;
  readonly #way: Way;
  readonly #training: TinyTraining;
  readonly #nations: readonly Nation[];
  readonly #outer: OuterOptimizer;
  readonly #events: { readonly at: number; readonly run: () => Promise<void> }[] = [];
  #world: State;
  #arrived: Arrived[] = [];
  #commits = 0;
  #now = 0;
  /** Local steps of all nodes. */
  trained = 0;

  constructor(setting: Setting, way: Way) {
    const { text, speeds, nodes, time, seed } = setting;
    this.#setting = setting;
    this.#way = way;
    this.#training = new TinyTraining(text, Math.ceil(time));
    const initial = this.#training.initial(seed);
    const zeros = () => new Float32Array(initial.length);
    this.#nations = speeds.map((speed, nation) => ({
      speed,
      train: Array.from({ length: nodes }, (_, node) =>
        this.#training.node(seed + 1000 * (nation * nodes + node + 1), charactersOfNode),
      ),
      state: [initial, zeros()],
      rounds: 0,
      sent: { rounds: 0, parameters: initial },
      ...{ isOnItsWay: false, came: null },
    }));
    this.#outer =
      way.upstream === 'rounds'
        ? nesterov(outer)
        : delayedNesterov({ ...outer, period: speeds.length, correction: null });
    this.#world = [initial, zeros(), zeros()];
  }

  /** Runs until the time is over; the loss of each upstream base. */
  async *run(): AsyncGenerator<Measured, void> {
    for (const nation of this.#nations) this.#work(nation);
    let commits = 0;
    for (;;) {
      const next = this.#events.reduce((first, other) => (other.at < first.at ? other : first));
      if (next.at > this.#setting.time) return;
      this.#events.splice(this.#events.indexOf(next), 1);
      this.#now = next.at;
      await next.run();
      if (commits === this.#commits) continue;
      commits = this.#commits;
      yield { at: this.#now, loss: this.#training.loss(this.#base) };
    }
  }

  get #base(): Vector {
    return this.#world[0] ?? new Float32Array();
  }

  #after(time: number, run: () => Promise<void>): void {
    this.#events.push({ at: this.#now + time, run });
  }

  /** The nation's next round, and what follows from it. */
  #work(nation: Nation): void {
    this.#after(this.#setting.steps / nation.speed, async () => {
      await this.#round(nation);
      await this.#mix(nation);
      this.#send(nation);
      if (this.#way.mixing !== null) this.#work(nation);
    });
  }

  async #round(nation: Nation): Promise<void> {
    const { steps, time } = this.#setting;
    const [base = new Float32Array()] = nation.state;
    const first = Math.min(Math.floor(this.#now - steps / nation.speed), Math.ceil(time) - 1);
    const delta = new Float64Array(base.length);
    for (const train of nation.train) {
      // One step of a fast nation lasts less than a unit of time, and the learning rate follows the time.
      const local = await train(base, first, steps);
      this.trained += steps;
      for (let i = 0; i < delta.length; i++)
        delta[i] = (delta[i] ?? 0) + ((base[i] ?? 0) - (local[i] ?? 0)) / nation.train.length;
    }
    nation.state = await nesterov(outer).step(nation.state, delta, ++nation.rounds);
  }

  async #mix(nation: Nation): Promise<void> {
    const { came, sent } = nation;
    const [base = new Float32Array(), ...others] = nation.state;
    if (came === null) return;
    const mixed = await mixedBase(came, sent.parameters, base, this.#way.mixing?.weight ?? 1);
    nation.state = [mixed.base, ...others];
    nation.sent = { rounds: sent.rounds, parameters: mixed.reference };
    nation.came = null;
    nation.isOnItsWay = false;
  }

  #send(nation: Nation): void {
    const { sent, isOnItsWay, state, rounds } = nation;
    const [base = new Float32Array()] = state;
    if (isOnItsWay || rounds - sent.rounds < (this.#way.mixing?.every ?? 1)) return;
    const delta = sent.parameters.map((value, i) => value - (base[i] ?? 0));
    const arrived = { nation, delta, rounds: rounds - sent.rounds };
    nation.isOnItsWay = true;
    nation.sent = { rounds, parameters: base };
    this.#after(this.#setting.link, () => this.#receive(arrived));
  }

  async #receive(arrived: Arrived): Promise<void> {
    this.#arrived.push(arrived);
    if (this.#way.upstream === 'rounds' && this.#arrived.length < this.#nations.length) return;
    const all = this.#arrived;
    this.#arrived = [];
    const tokens = all.reduce((sum, { rounds }) => sum + rounds, 0);
    const delta = new Float64Array(this.#base.length);
    for (const one of all)
      for (let i = 0; i < delta.length; i++)
        delta[i] = (delta[i] ?? 0) + ((one.delta[i] ?? 0) * one.rounds) / tokens;
    this.#world = [...(await this.#outer.step(this.#world, delta, ++this.#commits)), ...this.#world].slice(
      0,
      3,
    );
    const base = this.#base;
    for (const { nation } of all)
      this.#after(this.#setting.link, async () => {
        nation.came = base;
        if (this.#way.mixing !== null) return;
        await this.#mix(nation);
        this.#work(nation);
      });
  }
}
