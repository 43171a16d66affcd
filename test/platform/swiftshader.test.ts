import { expect, test } from 'vitest';
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
