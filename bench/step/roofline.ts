import type { Device } from '../../client/gpu/device.ts';
import { ProgramBuilder, whole } from '../../client/gpu/program.ts';
import { Readback } from '../../client/gpu/readback.ts';
import { linearForward } from '../../client/model/operations/linear.ts';
import type { Precision } from '../../shaders/shader.ts';

/** Where a processor's caches help most and where a graphics card is full: the larger the better, up to a point. */
const sizes = { software: [512, 1024], graphics: [2048, 4096] };

/** A product is timed for about this long. */
const milliseconds = 200;

/** This adapter's ceiling in GFLOP/s: a product of two large square matrices by the kernel that training uses. */
export async function matmulCeiling(device: Device, storage: Precision): Promise<number> {
  let best = 0;
  for (const size of sizes[device.software ? 'software' : 'graphics'])
    best = Math.max(best, await measure(device, storage, size));
  return best;
}

async function measure(device: Device, storage: Precision, size: number): Promise<number> {
  const program = new ProgramBuilder(device, { storage });
  const bytes = size * size * (storage === 'f16' ? 2 : 4);
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
  const matrix = () => device.device.createBuffer({ size: bytes, usage });
  const [left, right, product] = [matrix(), matrix(), matrix()];
  const shape = { rows: size, inputs: size, outputs: size, epilogue: { kind: 'plain' } } as const;
  program.record(linearForward, shape, {
    left: whole(left),
    right: whole(right),
    addend: whole(left),
    rotation: whole(left),
    product: whole(product),
    activated: program.unused(),
  });
  const built = await program.build(device);
  const readback = new Readback(device);
  const run = async (times: number) => {
    const started = performance.now();
    const encoder = device.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < times; i++) built.encode(pass);
    pass.end();
    device.device.queue.submit([encoder.finish()]);
    readback.submitted(times);
    // Waits as training does: awaiting the queue would take a core away from a software adapter.
    await readback.read({ buffer: product, offset: 0, size: 4 });
    return (performance.now() - started) / times;
  };
  await run(1);
  const times = Math.max(1, Math.round(milliseconds / (await run(2))));
  const each = Math.min(await run(times), await run(times), await run(times));
  readback.close();
  built.close();
  for (const buffer of [left, right, product]) buffer.destroy();
  return (2 * size ** 3) / each / 1e6;
}
