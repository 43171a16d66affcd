import { afterAll, beforeAll, expect, test } from 'vitest';
import { ExampleSampler } from '../../../../client/data/example-sampler.ts';
import { logProbabilitiesOf } from '../../../../client/derive/log-probabilities.ts';
import { policyBatch, policyObjective } from '../../../../client/derive/objectives/kernels/policy.ts';
import { advantages, grpo } from '../../../../client/derive/objectives/policy.ts';
import type { Device } from '../../../../client/gpu/device.ts';
import { initialAdapter } from '../../../../client/model/adapter/initial.ts';
import { Random } from '../../../../client/random.ts';
import { Trainer } from '../../../../client/train/trainer.ts';
import { freshState } from '../../../../client/train/training.ts';
import { openNodeDevice } from '../../../support/gpu-node.ts';
import { config, fresh, layout, settings } from '../../../support/train/small-run.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

const shape = { batch: 8, sequence: 9 };
const group = 4;

/** Groups of completions of one prompt; the reward of a completion is its share of even tokens. */
function completionsOf(groups: number) {
  const random = Random.seeded(5);
  return Array.from({ length: groups }, () => {
    const prompt = [random.below(32), random.below(32)];
    const those = Array.from({ length: group }, () => {
      const tokens = Array.from({ length: 3 + random.below(5) }, () => random.below(32));
      const example = {
        tokens: Uint32Array.of(...prompt, ...tokens),
        carriesLoss: Uint8Array.of(0, 0, ...tokens.map(() => 1)),
      };
      return { example, reward: tokens.filter((token) => token % 2 === 0).length / tokens.length };
    });
    const gains = advantages(
      those.map(({ reward }) => reward),
      true,
    );
    return those.map(({ example }, i) => ({ example, advantage: gains[i] ?? 0 }));
  }).flat();
}

test('a policy gradient trains an adapter, whose start is the reference', async () => {
  const base = fresh(3, 2).parameters;
  const lora = { rank: 4, alpha: 16, targets: null };
  const trainer = await Trainer.create(device, config, shape, settings, { objective: policyObjective, lora });
  trainer.setFrozen(base);
  trainer.load(freshState(initialAdapter(trainer.layout, { layout, values: base }, 1)));
  const completions = completionsOf(6);
  const examples = completions.map(({ example }) => example);
  const start = await logProbabilitiesOf(trainer, examples, shape);
  const sampler = new ExampleSampler(examples, shape, 1, { kind: 'padded', together: group });
  const reports = [];
  for (let step = 0; step < 30; step++) {
    const batch = sampler.next();
    const placed = batch.places.map((place) => ({
      place,
      advantage: completions[place.example]?.advantage ?? 0,
      old: start[place.example] ?? [],
      reference: start[place.example] ?? [],
    }));
    trainer.step(policyBatch(grpo, batch, placed), 1e-2);
    if (step % 29 === 0) reports.push(await trainer.report());
  }
  const [first, last] = reports;
  expect(first?.metrics['ratio']).toBeCloseTo(1, 4);
  expect(first?.metrics['divergence']).toBeCloseTo(0, 4);
  expect(last?.metrics['divergence']).toBeGreaterThan(0.01);
  expect(last?.metrics['clipped']).toBeGreaterThan(0.1);
  const after = await logProbabilitiesOf(trainer, examples, shape);
  const moved = completions.map(({ advantage }, i) => {
    const sum = (values: Float32Array = new Float32Array()) =>
      values.reduce((total, value) => total + value, 0);
    return advantage * (sum(after[i]) - sum(start[i]));
  });
  expect(moved.reduce((total, value) => total + value, 0) / moved.length).toBeGreaterThan(0.1);
  trainer.close();
});
