import { expect, test } from 'vitest';
import { nodeGpu } from '../../gpu-node.ts';
import { compareStep, stepTolerances } from '../../platform/step.ts';

test.each([true, false])('a whole step agrees with the float64 reference, tied head %s', async (tiedHead) => {
  const errors = await compareStep(nodeGpu(), tiedHead);
  expect(errors.lossError).toBeLessThan(stepTolerances.lossError);
  expect(errors.gradientError).toBeLessThan(stepTolerances.gradientError);
  expect(errors.parameterError).toBeLessThan(stepTolerances.parameterError);
  expect(errors.momentError).toBeLessThan(stepTolerances.momentError);
});
