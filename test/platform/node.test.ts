import { beforeAll, expect, test } from 'vitest';
import { openDevice } from '../../client/gpu/device.ts';
import { nodeGpu } from '../../client/host/node/runtime.ts';
import { expectAgreement } from './agreement.ts';
import { Draw } from './operations/draw.ts';
import { specifications } from './operations/index.ts';
import { type Report, report } from './report.ts';

let reported: Report;
beforeAll(async () => {
  const gpu = await nodeGpu();
  expect(gpu).toBe(await nodeGpu());
  reported = await report(gpu, 'every entry point');
});

test('Node: every operation and whole training steps agree with the float64 reference, with the host that nodes use', () =>
  expectAgreement(reported));

test('Node: every entry point of every operation that fits this adapter has run', async () => {
  const device = await openDevice(await nodeGpu());
  const fitting = specifications.flatMap(({ operation, storages, cases }) =>
    storages
      .filter((storage) => storage === 'f32' || device.f16)
      .flatMap((storage) => cases(new Draw(1, storage)).map(({ site }) => site(device, storage)))
      .flatMap(({ candidates }) =>
        candidates.map(({ shader, entry }) => `${operation.name}: ${shader}.${entry}`),
      ),
  );
  device.close();
  const variants = new Map(
    specifications.flatMap(({ operation }) =>
      operation.variants.map(({ name, shader, entry }) => [
        `${operation.name}: ${name}`,
        `${operation.name}: ${shader}.${entry}`,
      ]),
    ),
  );
  const ran = reported.operations.map(({ operation, variant }) => variants.get(`${operation}: ${variant}`));
  expect(new Set(ran)).toEqual(new Set(fitting));
});
