import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../../../client/random.ts';
import {
  decodeScaling,
  encodeScaling,
  scalingAfter,
} from '../../../../client/train/optimizer/loss-scaling.ts';
import type { TrainerOptions } from '../../../../client/train/trainer.ts';
import type { LossScaling, Scaling } from '../../../../client/train/training.ts';
import { fresh, layout, randomBatch, settings, withoutGradient } from '../../../support/train/small-run.ts';
import { smallTrainers } from '../../../support/train/small-trainers.ts';

const { parameters: healthy } = fresh(1);
/** The last gain holds NaN, so every gradient is NaN. */
const broken = healthy.slice();
broken[layout.tensors.at(-1)?.offset ?? 0] = Number.NaN;
const batch = randomBatch(Random.seeded(2));

const make = smallTrainers();
const makeTrainer = async (options: TrainerOptions) => {
  const trainer = await make(options);
  trainer.load(fresh(1));
  return trainer;
};

test("the scaling's numbers and counts are read back from their encoding", () => {
  const scaling = { ...scalingAfter(7, settings, 2 ** 24), goodSteps: 3, skippedSteps: 5, stuckSteps: 2 };
  expect(decodeScaling(encodeScaling(scaling))).toEqual(scaling);
});

/** The expected scaling after a step. */
function scalingNext(before: Scaling, finite: boolean, growthInterval: number): Scaling {
  const { lossScale, goodSteps, appliedSteps, skippedSteps, stuckSteps } = before;
  const doubles = finite && goodSteps + 1 === growthInterval;
  const halves = !finite && growthInterval > 0 && lossScale > 1;
  return {
    ...before,
    lossScale: doubles ? 2 * lossScale : halves ? lossScale / 2 : lossScale,
    goodSteps: finite && !doubles ? goodSteps + 1 : 0,
    appliedSteps: finite ? appliedSteps + 1 : appliedSteps,
    skippedSteps: finite ? skippedSteps : skippedSteps + 1,
    stuckSteps: finite ? 0 : halves ? stuckSteps : stuckSteps + 1,
  };
}

test.each<[string, TrainerOptions & { readonly lossScaling: LossScaling }]>([
  ['f16', { storage: 'f16', lossScaling: { initialScale: 16, growthInterval: 3 } }],
  ['f32', { storage: 'f32', lossScaling: { initialScale: 1, growthInterval: 0 } }],
])(
  '%s: for any gradients, a trainer reports more than ten stuck steps, resumed or not',
  async (_, options) => {
    const [trainer, resumed] = [await makeTrainer(options), await makeTrainer(options)];
    const { initialScale, growthInterval } = options.lossScaling;
    // Runs of finite steps stay short, or the loss scale would grow until they overflow.
    const run = fc
      .boolean()
      .chain((finite) => fc.tuple(fc.constant(finite), fc.integer({ min: 1, max: finite ? 6 : 16 })));
    const runs = fc.array(run, { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(runs, fc.nat(60), async (lengths, cut) => {
        trainer.load(fresh(1));
        let going = trainer;
        let expected = scalingAfter(0, settings, initialScale);
        const steps = lengths.flatMap(([finite, length]) => Array.from({ length }, () => finite));
        for (const [at, finite] of steps.entries()) {
          if (at === cut) {
            going = resumed;
            resumed.load(await trainer.save());
          }
          going.setParameters(finite ? healthy : broken);
          going.step(batch, 1e-3);
          expected = scalingNext(expected, finite, growthInterval);
          const { lossScale, goodSteps, appliedSteps, skippedSteps, stuckSteps } = expected;
          const counted = { lossScale, goodSteps, appliedSteps, skippedSteps, stuckSteps };
          expect(await going.scaling()).toMatchObject(counted);
          if (stuckSteps > 10)
            await expect(going.loss()).rejects.toMatchObject({
              code: 'train.not-finite',
              message: expect.stringContaining(`last ${stuckSteps} steps`),
              next: expect.stringContaining('lower learning rate'),
            });
          else expect(Number.isFinite(await going.loss())).toBe(finite);
        }
      }),
      {
        numRuns: 12,
        examples: [
          [
            [
              [false, 16],
              [false, 16],
            ],
            18,
          ],
        ],
      },
    );
  },
);

test('a trainer that recovers from ten stuck steps continues training', async () => {
  const trainer = await makeTrainer({});
  trainer.setParameters(broken);
  for (let step = 0; step < 10; step++) trainer.step(batch, 1e-2);
  expect(await trainer.loss()).toBeNaN();
  trainer.setParameters(healthy);
  for (let step = 0; step < 50; step++) trainer.step(batch, 1e-2);
  expect(await trainer.loss()).toBeLessThan(2.5);
  expect(await trainer.scaling()).toMatchObject({ appliedSteps: 50, skippedSteps: 10, stuckSteps: 0 });
});

test('stuck steps are reported even if the loss stays finite', async () => {
  const trainer = await makeTrainer({});
  const parameters = withoutGradient(layout, healthy);
  trainer.setParameters(parameters);
  for (let step = 0; step < 10; step++) trainer.step(batch, 1e-2);
  expect(await trainer.loss()).toBeLessThan(10);
  trainer.step(batch, 1e-2);
  await expect(trainer.loss()).rejects.toMatchObject({ code: 'train.not-finite' });
  expect(await trainer.parameters()).toEqual(parameters);
});
