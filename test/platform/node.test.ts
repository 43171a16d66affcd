import { expect, test } from 'vitest';
import { nodeGpu } from '../../client/host/node.ts';
import { coldMilliseconds, expectAgreement } from './agreement.ts';
import { compareStep } from './step.ts';

test('Node: a whole training step agrees with the float64 reference, by the host that nodes use', {
  timeout: coldMilliseconds,
}, async () => {
  const gpu = await nodeGpu();
  expect(gpu).toBe(await nodeGpu());
  expectAgreement([await compareStep(gpu, true), await compareStep(gpu, false)]);
});
