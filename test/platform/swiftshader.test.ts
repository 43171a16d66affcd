import { expect, test } from 'vitest';
import { swiftShaderDriver } from '../../bench/browser.ts';
import { openDevice } from '../../client/gpu/device.ts';
import type { Candidate } from '../../client/gpu/operation.ts';
import { GpuTrials } from '../../client/gpu/tuning/trials.ts';
import { presets } from '../../client/model/config.ts';
import { stepSites } from '../../client/train/step-sites.ts';
import { nodeGpu } from '../support/gpu-node.ts';
import { expectAgreement } from './agreement.ts';
import { Draw } from './operations/draw.ts';
import { specifications } from './operations/index.ts';
import { report } from './report.ts';

// The Vulkan loader reads these when Dawn starts; this vitest process runs no other file.
delete process.env['VK_DRIVER_FILES'];
process.env['VK_ICD_FILENAMES'] = swiftShaderDriver();

// The only platform that compiles every variant: this driver is the quickest to compile.
test('SwiftShader, by Dawn: every variant of every shader and whole training steps agree with the float64 reference', async () => {
  const reported = await report(nodeGpu(), 'every variant');
  expect(reported.adapter).toMatch(/^SwiftShader/);
  expectAgreement(reported);
  const device = await openDevice(nodeGpu());
  const named = ({ shader, variant }: Pick<Candidate, 'shader' | 'variant'>) => `${shader}: ${variant}`;
  const fitting = specifications.flatMap(({ cases }) =>
    cases(new Draw(1, 'f32')).flatMap(({ site }) => site(device, 'f32').candidates.map(named)),
  );
  device.close();
  const shaders = new Map(
    specifications.flatMap(({ operation }) =>
      operation.variants.map(({ name, shader }) => [`${operation.name}: ${name}`, shader] as const),
    ),
  );
  const ran = reported.operations.map(
    ({ operation, variant }) => `${shaders.get(`${operation}: ${variant}`)}: ${variant}`,
  );
  expect(new Set(ran)).toEqual(new Set(fitting));
});

const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, gradientClip: 1 };

test.each([24, 104])(
  'attention with kernels generated for heads of width %i agrees with the plain kernels',
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
