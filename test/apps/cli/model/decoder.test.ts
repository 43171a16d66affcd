import { expect, test } from 'vitest';
import { openDecoder } from '../../../../apps/cli/model/decoder.ts';
import { byteTokenizer } from '../../../../client/data/tokenizer.ts';
import { presets } from '../../../../client/model/config.ts';
import { contextFor } from '../../../../client/model/generate/open-decoder.ts';
import { initialParameters, layoutOf } from '../../../../client/model/parameters.ts';

const sizes = { layers: 1, dimension: 16, heads: 2, keyValueHeads: 1, feedForward: 16 };

test('the context follows what is used, and is never longer than the model’s', () => {
  const model = { ...presets.nano, contextLength: 131_072 };
  expect([1, 64, 65, 300, 131_073].map((tokens) => contextFor(tokens, model))).toEqual([
    64, 64, 128, 512, 131_072,
  ]);
  expect(contextFor(300, { ...model, contextLength: 100 })).toBe(100);
});

test('a model of a million tokens of context is opened for a short text without memory for the rest', async () => {
  const config = { ...presets.nano, ...sizes, contextLength: 1_048_576 };
  const layout = layoutOf(config);
  const model = {
    config,
    layout,
    parameters: initialParameters(config, layout, 1),
    tokenizer: byteTokenizer,
  };
  const before = process.memoryUsage().arrayBuffers;
  const { decoder } = await openDecoder('cpu', model, { texts: 1, tokens: 40, storage: 'f32' });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 22);
  const [logits] = await decoder.append([{ sequence: 0, tokens: [256, 65] }]);
  expect(logits?.every(Number.isFinite)).toBe(true);
  decoder.close();
});
