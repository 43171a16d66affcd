import { expect, test } from 'vitest';
import { openDevice } from '../../client/gpu/device.ts';
import { GpuTrials } from '../../client/gpu/trials.ts';
import { presets } from '../../client/model/config.ts';
import { stepSites } from '../../client/train/step-sites.ts';
import { swiftShaderDriver } from '../apps/pages/browser.ts';
import { nodeGpu } from '../gpu-node.ts';
import { expectAgreement } from './agreement.ts';
import { report } from './report.ts';

// The Vulkan loader reads these when Dawn begins, in this process of vitest's, which runs no other file.
delete process.env['VK_DRIVER_FILES'];
process.env['VK_ICD_FILENAMES'] = swiftShaderDriver();

test('SwiftShader, by Dawn: every operation and whole training steps agree with the float64 reference', async () => {
  const reported = await report(nodeGpu());
  expect(reported.adapter).toMatch(/^SwiftShader/);
  expectAgreement(reported);
});

const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, gradientClip: 1 };

test.each([24, 104])(
  'attention written out for heads %i wide is that of the plain kernels',
  async (headSize) => {
    const device = await openDevice(nodeGpu());
    const config = { ...presets.nano, layers: 1, heads: 2, keyValueHeads: 1, dimension: 2 * headSize };
    const sites = stepSites(device, config, { batch: 2, sequence: 21 }, settings, { storage: 'f32' })
      .filter(({ operation }) => operation.startsWith('attention'))
      .map((site) => ({ ...site, candidates: [site.candidates[0], site.guess] as const }));
    expect(sites.map(({ guess }) => guess.variant)).toEqual(['quad', 'quad', 'quad']);
    const trials = new GpuTrials(device, sites);
    for (const site of sites) expect(await trials.refusal(site, site.guess)).toBeNull();
    trials.close();
    device.close();
  },
);
