import { getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { LocalCompute } from '../run/compute/local-compute.ts';
import { FileBlobs } from '../storage/file-blobs.ts';
import { explained, nodeFiles } from '../storage/files.ts';
import { readUpload } from '../storage/upload-store.ts';
import { readManifest } from '../wire/manifest.ts';
import type { Call, ThreadPlace } from './calls.ts';
import { carriedError } from './carried-error.ts';

/** The program of the threads that `ComputeThreads` starts: calls in, answers out, as they become ready. */

/** Steps of priority below the relay's event loop, which must stay quick where all processors are busy. */
const below = 5;

// On Linux a priority is a thread's; elsewhere this would change the whole process.
if (process.platform === 'linux') setPriority(Math.min(19, getPriority() + below));

const { folder, manifest }: ThreadPlace = workerData;
const files = explained(nodeFiles);
const compute = new LocalCompute(readManifest(manifest), new FileBlobs(files, folder), (key, payload) =>
  readUpload(files, folder, key, payload),
);

function answerOf(call: Call): Promise<unknown> {
  switch (call.name) {
    case 'receive':
      return compute.receive(call.argument);
    case 'prepare':
      return compute.prepare(call.argument);
    case 'fold':
      return compute.fold(call.argument);
    case 'store':
      return compute.store(call.argument);
    case 'mean':
      return compute.mean(call.argument);
    case 'vector':
      return compute.vector(call.argument);
  }
}

parentPort?.on('message', async (call: Call) => {
  const { id } = call;
  try {
    const value = await answerOf(call);
    const isVector = value instanceof Float32Array && value.buffer instanceof ArrayBuffer;
    parentPort?.postMessage({ id, value }, isVector ? [value.buffer] : []);
  } catch (cause) {
    parentPort?.postMessage({ id, error: carriedError(cause) });
  }
});
