import { beforeAll, expect, test } from 'vitest';
import { nodeGpu } from '../../client/host/node.ts';
import { type Shader, shaders } from '../../shaders/index.ts';
import { coldMilliseconds, expectAgreement } from './agreement.ts';
import { specifications } from './operations/index.ts';
import { type Report, report } from './report.ts';

let reported: Report;
beforeAll(async () => {
  const gpu = await nodeGpu();
  expect(gpu).toBe(await nodeGpu());
  reported = await report(gpu);
}, coldMilliseconds);

test('Node: every operation and whole training steps agree with the float64 reference, by the host that nodes use', () =>
  expectAgreement(reported));

test('Node: every variant of every operation has run, but those for tensor cores where there are none', () => {
  const ran = new Set(reported.operations.map(({ operation, variant }) => `${operation}: ${variant}`));
  const missing = specifications.flatMap(({ operation }) =>
    operation.variants
      .filter(({ shader }) => {
        const { needs }: Shader = shaders[shader];
        return !needs?.includes('matrixUnits');
      })
      .map(({ name }) => `${operation.name}: ${name}`)
      .filter((name) => !ran.has(name)),
  );
  expect(missing).toEqual([]);
});
