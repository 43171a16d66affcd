import { beforeAll, expect, test } from 'vitest';
import { nodeGpu } from '../../client/host/node.ts';
import { coldMilliseconds, expectAgreement } from './agreement.ts';
import { specifications } from './operations/index.ts';
import { type Report, report } from './report.ts';

let reported: Report;
beforeAll(async () => {
  const gpu = await nodeGpu();
  expect(gpu).toBe(await nodeGpu());
  reported = await report(gpu);
}, coldMilliseconds);

test('Node: every operation and a whole training step agree with the float64 reference, by the host that nodes use', () =>
  expectAgreement(reported));

/** Variants that no software adapter can run, because it has no tensor cores. */
const onTensorCores: readonly string[] = [];

test('Node: every variant of every operation has run with every storage that it is for', () => {
  const key = (...parts: readonly string[]) => parts.join(', ');
  const ran = new Set(reported.operations.map((one) => key(one.operation, one.variant, one.storage)));
  const missing = specifications.flatMap(({ operation, storages }) =>
    operation.variants.flatMap((variant) =>
      storages
        .filter((storage) => !ran.has(key(operation.name, variant.name, storage)))
        .map((storage) => key(operation.name, variant.name, storage)),
    ),
  );
  expect(missing.filter((one) => !onTensorCores.includes(one))).toEqual([]);
});
