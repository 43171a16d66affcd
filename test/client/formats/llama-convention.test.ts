import { expect, test } from 'vitest';
import { byteTokenizer } from '../../../client/data/tokenizer.ts';
import { encodeModelFolder } from '../../../client/formats/model-folder.ts';
import type { ModelConfig } from '../../../client/model/config.ts';
import { CpuDecoder } from '../../../client/model/generate/cpu-decoder.ts';
import { layoutOf } from '../../../client/model/parameters.ts';
import { Random } from '../../../client/random.ts';
import { llamaLogits } from '../../support/formats/llama-convention.ts';

const ropeScaling = { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 256 };

test.each([
  [true, {}],
  [false, { headSize: 6 }],
  [true, { ropeScaling }],
])('the written files are a LLaMA model with our logits; tied head: %s, %o', async (tiedHead, changed) => {
  const config: ModelConfig = {
    vocabularySize: 260,
    layers: 2,
    dimension: 24,
    heads: 6,
    keyValueHeads: 2,
    feedForward: 40,
    contextLength: 16,
    ropeTheta: 500,
    normEpsilon: 1e-5,
    tiedHead,
    ...changed,
  };
  const layout = layoutOf(config);
  const parameters = new Float32Array(layout.length);
  const random = Random.seeded(3, tiedHead ? 1 : 0);
  for (const { offset, size, decay } of layout.tensors)
    for (let i = 0; i < size; i++) parameters[offset + i] = (decay ? 0 : 1) + 0.3 * random.normal();
  const notes = { metadata: {}, card: '' };
  const files = encodeModelFolder(config, layout, parameters, byteTokenizer, notes);
  const tokens = [256, 65, 108, 108, 32, 104, 117];
  const expected = llamaLogits(files['config.json'], files['model.safetensors'], tokens);
  const decoder = new CpuDecoder(config, layout, parameters);
  const [logits] = await decoder.append([{ sequence: 0, tokens }]);
  const scale = Math.max(...expected.map(Math.abs));
  const worst = expected.reduce((most, x, i) => Math.max(most, Math.abs(x - (logits?.[i] ?? 0))), 0);
  expect(scale).toBeGreaterThan(0.5);
  expect(worst / scale).toBeLessThan(2e-6);
});
