import * as Comlink from 'comlink';
import { nations } from '../../client/data/nations.ts';
import { openDevice } from '../../client/gpu/device.ts';
import type { ContributeWorker, Probe } from './worker-api.ts';

async function probeGpu(): Promise<Probe['gpu']> {
  if (!isSecureContext) return { obstacle: 'insecure-context' };
  if (navigator.gpu === undefined) return { obstacle: 'no-webgpu' };
  try {
    const device = await openDevice(navigator.gpu);
    const { name, software } = device;
    device.close();
    return { name, software };
  } catch {
    return { obstacle: 'no-adapter' };
  }
}

const api: Pick<ContributeWorker, 'probe'> = {
  async probe() {
    return { gpu: await probeGpu(), nations, tokenNeeded: false };
  },
};

Comlink.expose(api);
