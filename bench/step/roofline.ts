import type { Device } from '../../client/gpu/device.ts';
import { type Storage, siteOf } from '../../client/gpu/operation.ts';
import { ProgramBuilder, whole } from '../../client/gpu/program.ts';
import { linearForward } from '../../client/model/operations/linear.ts';

const size = 1024;
const shape = { rows: size, inputs: size, outputs: size, epilogue: { kind: 'plain' } } as const;

/** A product is timed for about this long. */
const milliseconds = 300;

/** This adapter's ceiling in GFLOP/s: a product of two 1024 x 1024 matrices by the fastest of our variants. */
export async function matmulCeiling(device: Device, storage: Storage): Promise<number> {
  const { key, candidates } = siteOf(linearForward, shape, device, storage);
  let best = 0;
  for (const { variant } of candidates)
    best = Math.max(best, await measure(device, storage, new Map([[key, variant]])));
  return best;
}

async function measure(
  device: Device,
  storage: Storage,
  choices: ReadonlyMap<string, string>,
): Promise<number> {
  const program = new ProgramBuilder(device, { storage, choices });
  const matrix = () =>
    device.device.createBuffer({
      size: size * size * (storage === 'f16' ? 2 : 4),
      usage: GPUBufferUsage.STORAGE,
    });
  const [left, right, product] = [matrix(), matrix(), matrix()];
  program.record(linearForward, shape, {
    left: whole(left),
    right: whole(right),
    addend: whole(left),
    rotation: whole(left),
    product: whole(product),
    activated: program.unused(),
  });
  const built = await program.build(device);
  const run = async (times: number) => {
    const started = performance.now();
    const encoder = device.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < times; i++) built.encode(pass);
    pass.end();
    device.device.queue.submit([encoder.finish()]);
    await device.device.queue.onSubmittedWorkDone();
    return (performance.now() - started) / times;
  };
  await run(1);
  const times = Math.max(1, Math.round(milliseconds / (await run(2))));
  const each = Math.min(await run(times), await run(times));
  built.close();
  for (const buffer of [left, right, product]) buffer.destroy();
  return (2 * size ** 3) / each / 1e6;
}
