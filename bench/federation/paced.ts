import type { Clock } from '../../relay/run/clock.ts';
import type { RoundTimes } from '../../relay/run/pace/plan.ts';
import type { Run } from '../../relay/run/run.ts';

/** A clock that the simulation moves. */
export interface MovedClock extends Clock {
  pass(milliseconds: number): void;
}

/** A simulated device: how long it takes, and what it sends. */
export interface PacedNode {
  readonly key: string;
  readonly tokensPerSecond: number;
  /** From the opening of a round to the first step. */
  readonly overheadMs: number;
  readonly uploadMs: number;
  /** Offers the result of so many steps from the open round's base; false if the relay refuses it. */
  offer(steps: number): Promise<boolean>;
  /** Sends the payload that was offered; false if the relay refuses it. */
  upload(): Promise<boolean>;
}

/** A committed round: the steps of each node, 0 for one that does not count, and when it was committed. */
export interface PacedRound {
  readonly steps: readonly number[];
  readonly endedAt: number;
  /** The first plan of its last attempt; null for one without a plan. */
  readonly plan: RoundTimes | null;
}

type Work = { readonly doneAt: number; readonly steps: number } & {
  readonly kind: 'trained' | 'offered' | 'over';
};

const tickMs = 50;
const heartbeatEvery = 5;

/** One device's place in the open round, which begins at `from`. It applies the same rules as client/contribute. */
class Place {
  readonly #from: number;
  readonly #node: PacedNode;
  readonly #stepMs: number;
  work: Work | null = null;

  constructor(node: PacedNode, from: number, stepTokens: number) {
    this.#node = node;
    this.#from = from + node.overheadMs;
    this.#stepMs = (1000 * stepTokens) / node.tokensPerSecond;
  }

  /** Steps done at a time. */
  steps(time: number): number {
    return Math.max(0, Math.floor((time - this.#from) / this.#stepMs));
  }

  /** Ends training once `most` steps are done or no other step ends by `until`; one is done at least. */
  train(time: number, until: number, most: number): void {
    const fitting = Math.max(1, Math.min(most, this.steps(until)));
    const doneAt = this.#from + fitting * this.#stepMs;
    if (this.work === null && time >= doneAt) this.work = { kind: 'trained', doneAt, steps: fitting };
  }

  /** Offers what is trained, and sends it `uploadMs` later; true once the relay holds it. */
  async send(time: number): Promise<boolean> {
    if (this.work?.kind === 'trained') {
      const { steps } = this.work;
      const kind = (await this.#node.offer(steps)) ? 'offered' : 'over';
      this.work = { kind, steps, doneAt: time + this.#node.uploadMs };
    }
    if (this.work?.kind !== 'offered' || time < this.work.doneAt) return false;
    this.work = { ...this.work, kind: 'over' };
    return this.#node.upload();
  }
}

/**
 * Runs `rounds` rounds of a real relay's run with simulated devices on a virtual clock: nothing waits for real time, and the
 * same devices give the same rounds. The nodes must have joined. `onRound` may change how fast they are in the next one.
 */
export async function pacedRounds(
  run: Run,
  clock: MovedClock,
  nodes: readonly PacedNode[],
  rounds: number,
  onRound: (round: PacedRound) => void = () => undefined,
): Promise<PacedRound[]> {
  const { localSteps, batch, sequence } = run.manifest.strategy;
  const committed: PacedRound[] = [];
  const startedAt = clock.elapsed();
  for (let round = run.current().round; committed.length < rounds; round++) {
    const steps = nodes.map(() => 0);
    const opened = clock.elapsed();
    let planned: RoundTimes | null = null;
    const places = nodes.map((node) => new Place(node, opened, batch * sequence));
    for (let ticks = 0; ; ticks++) {
      await run.tick();
      await run.tick();
      const { plan, round: current, phase } = run.current();
      if (current > round || phase === 'complete') break;
      clock.pass(tickMs);
      const now = clock.elapsed();
      planned ??= plan && { workMs: plan.plannedMs, graceMs: plan.graceMs };
      const until = plan === null ? Number.POSITIVE_INFINITY : now + plan.workMs - tickMs;
      for (const [i, node] of nodes.entries()) {
        const place = places[i];
        if (place === undefined) continue;
        if (ticks % heartbeatEvery === 0)
          run.pace.reported(node.key, Math.min(localSteps, place.steps(now)), node.tokensPerSecond);
        place.train(now, until, localSteps);
        if (await place.send(now)) steps[i] = place.work?.steps ?? 0;
      }
    }
    const ended = { steps, endedAt: clock.elapsed() - startedAt, plan: planned };
    committed.push(ended);
    onRound(ended);
  }
  return committed;
}
