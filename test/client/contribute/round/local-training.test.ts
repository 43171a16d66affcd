import { beforeAll, expect, test } from 'vitest';
import type { ContributorEvent } from '../../../../client/contribute/events.ts';
import { LocalTraining } from '../../../../client/contribute/round/local-training.ts';
import type { TrainedRound } from '../../../../client/contribute/round/trained-round.ts';
import { byteTokenizer } from '../../../../client/data/tokenizer.ts';
import { openDevice } from '../../../../client/gpu/device.ts';
import { nodeGpu, nodeRuntime } from '../../../../client/host/node/runtime.ts';
import { initialParameters } from '../../../../client/model/parameters.ts';
import { Random } from '../../../../client/random.ts';
import type { Runtime } from '../../../../client/runtime.ts';
import { tinyConfig, tinyCorpus, tinyTerms } from '../../../support/contribute/harness.ts';
import { losingDevices, watchDevices } from '../../../support/watch-devices.ts';

const never = new AbortController().signal;
const { localSteps, layout } = tinyTerms;

interface Trained {
  readonly rounds: readonly TrainedRound[];
  readonly start: LocalTraining['start'];
  readonly events: readonly ContributorEvent[];
  /** Submits until the model is open. */
  readonly opening: number;
}

/** Submits of the first device for the check of its kernels. */
let checkSubmits = 0;

/**
 * Trains two rounds. The i-th device that is opened is lost at its `losses[i]`-th submit, the first one at its `losses[0]`-th
 * after the check of its kernels; later devices are not lost. Each reading of the clock moves it by 150 ms.
 */
async function train(
  losses: readonly number[],
  workUntil = () => Number.POSITIVE_INFINITY,
): Promise<Trained> {
  let now = 0;
  let submits = 0;
  const atSubmits = losses.map((loss, i) => (i === 0 ? checkSubmits + loss : loss));
  const gpu = watchDevices(losingDevices(await nodeGpu(), atSubmits), ({ queue }) => {
    const submit = queue.submit.bind(queue);
    queue.submit = (buffers) => {
      submits++;
      return submit(buffers);
    };
  });
  const runtime: Runtime = {
    ...nodeRuntime({ folder: '/nowhere' }),
    gpu: async () => gpu,
    now: () => {
      now += 150;
      return now;
    },
    sleep: async () => undefined,
  };
  const events: ContributorEvent[] = [];
  const tell = (event: ContributorEvent) => events.push(event);
  const options = { corpus: tinyCorpus('even'), tokenizer: byteTokenizer, seed: 5, power: 1, tell };
  const training = await LocalTraining.open(runtime, await openDevice(gpu), tinyTerms, options);
  const opening = submits;
  let base = initialParameters(tinyConfig, layout, 1);
  const rounds: TrainedRound[] = [];
  for (const round of [1, 2]) {
    const opened = { round, base: 'ab'.repeat(32), attempt: 0, localSteps, normBound: 1 };
    const trained = await training.train(opened, { parameters: base, measured: base }, workUntil, never);
    rounds.push(trained);
    base = trained.parameters;
  }
  training.close();
  return { rounds, start: training.start, events, opening };
}

let undisturbed: Trained;
beforeAll(async () => {
  undisturbed = await train([]);
  checkSubmits = undisturbed.opening;
});

const lost = ({ events }: Trained) =>
  events.flatMap((event) => (event.event === 'device-lost' ? [event.step] : []));

test('losing the device at any submit, even several times in a round, changes no bit and is reported by round and step', async () => {
  const random = Random.seeded(1);
  const losses = Array.from({ length: 4 }, () => 1 + random.below(40));
  const disturbed = await train(losses);
  expect(lost(disturbed)).toHaveLength(losses.length);
  expect(disturbed.rounds).toEqual(undisturbed.rounds);
  expect(disturbed.start).toEqual(undisturbed.start);
  // Each node reports the base that opens a round once.
  expect(disturbed.events.filter(({ event }) => event === 'round')).toHaveLength(2);
});

test('a device that is lost while its kernels are checked is opened again', async () => {
  expect(checkSubmits).toBeGreaterThan(0);
  const disturbed = await train([1 - checkSubmits]);
  expect(lost(disturbed)).toEqual([]);
  expect(disturbed.rounds).toEqual(undisturbed.rounds);
});

test('after a lost device, only the steps since the last snapshot are repeated', async () => {
  const disturbed = await train([45]);
  const [step = 0] = lost(disturbed);
  expect(step).toBeGreaterThan(10);
  const again = disturbed.events.filter((event) => event.event === 'step' && event.round === 1);
  const before = undisturbed.events.filter((event) => event.event === 'step' && event.round === 1);
  expect(again.length).toBeLessThan(before.length + 8);
  expect(disturbed.rounds).toEqual(undisturbed.rounds);
});

test('a round ends at the step after which its time is over, and holds the tokens of its steps', async () => {
  let asked = 0;
  const { rounds, start } = await train([], () => (++asked % 7 === 0 ? 0 : Number.POSITIVE_INFINITY));
  expect(rounds.map(({ steps }) => steps)).toEqual([7, 7]);
  expect(rounds.map(({ tokens }) => tokens)).toEqual([7 * 32, 7 * 32]);
  expect(start.state.step).toBe(14);
  // The time may be over before the first step, and a step is done even so.
  const late = await train([], () => 0);
  expect(late.rounds.map(({ steps }) => steps)).toEqual([1, 1]);
});
