import { afterAll, beforeAll, expect, test } from 'vitest';
import { livelyParameters } from '../../../../bench/lively-parameters.ts';
import type { Device } from '../../../../client/gpu/device.ts';
import type { ModelConfig } from '../../../../client/model/config.ts';
import type { CachedDecoder } from '../../../../client/model/generate/cached-decoder.ts';
import { CpuDecoder } from '../../../../client/model/generate/cpu-decoder.ts';
import { generate } from '../../../../client/model/generate/generate.ts';
import { GpuDecoder } from '../../../../client/model/generate/gpu-decoder.ts';
import { layoutOf } from '../../../../client/model/parameters.ts';
import { Random } from '../../../../client/random.ts';
import { openNodeDevice } from '../../../support/gpu-node.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

const shape: ModelConfig = {
  vocabularySize: 12,
  layers: 2,
  dimension: 32,
  heads: 4,
  keyValueHeads: 2,
  feedForward: 24,
  contextLength: 256,
  ropeTheta: 100,
  normEpsilon: 1e-5,
  tiedHead: false,
};

function randomTokens(seed: number, length: number): number[] {
  const random = Random.seeded(seed);
  return Array.from({ length }, () => random.below(shape.vocabularySize));
}

/** A decoder whose logits are remembered, with the number of tokens that it read. */
function watched(decoder: CachedDecoder) {
  const seen: { tokens: number; logits: Float32Array[] } = { tokens: 0, logits: [] };
  const watching: CachedDecoder = {
    config: decoder.config,
    sequences: decoder.sequences,
    lengthOf: (sequence) => decoder.lengthOf(sequence),
    clear: (sequence) => decoder.clear(sequence),
    rewind: (sequence, tokens) => decoder.rewind(sequence, tokens),
    useAdapter: (name) => decoder.useAdapter(name),
    async append(additions, signal) {
      const logits = await decoder.append(additions, signal);
      for (const { tokens } of additions) seen.tokens += tokens.length;
      seen.logits.push(...logits.map((each) => each.slice()));
      return logits;
    },
    close: () => decoder.close(),
  };
  return { watching, seen };
}

test('a conversation that goes on reads only what is new, with the same bits', async () => {
  const layout = layoutOf(shape);
  const parameters = livelyParameters(shape, 6);
  const conversation = async (decoder: CachedDecoder, reusesPrefix: boolean) => {
    const { watching, seen } = watched(decoder);
    const read: number[] = [];
    let tokens = randomTokens(1, 65);
    // The last two go back: to the middle of what is held, and to the same prompt again.
    for (const [kept, more] of [
      [65, 0],
      [77, 60],
      [149, 20],
      [100, 9],
      [109, 0],
    ] as const) {
      tokens = [...tokens.slice(0, kept), ...randomTokens(kept, more)];
      const before = seen.tokens;
      const how = { tokenizer: { stream: () => ({ push: String, flush: () => '' }) }, temperature: 1 };
      const prompts = [{ tokens, random: Random.seeded(3) }];
      let reused = 0;
      for await (const piece of generate(watching, prompts, { ...how, maxTokens: 12, reusesPrefix })) {
        reused += piece.reused ?? 0;
        tokens = [...tokens, piece.token];
      }
      read.push(seen.tokens - before - 11);
      expect(read.at(-1)).toBe(tokens.length - 12 - reused);
    }
    watching.close();
    return { read, tokens, logits: seen.logits };
  };
  const whole = [65, 137, 169, 109, 109];
  // A token at the end of an answer was drawn and never read; what was read as an answer is read again in blocks.
  const decoders: [readonly number[], () => Promise<CachedDecoder>][] = [
    [[65, 61, 21, 9, 1], async () => new CpuDecoder(shape, layout, parameters)],
    [[65, 73, 41, 45, 45], () => GpuDecoder.create(device, shape, layout, parameters, { sequences: 1 })],
  ];
  for (const [fewer, open] of decoders) {
    const again = await conversation(await open(), false);
    expect(again.read).toEqual(whole);
    expect(await conversation(await open(), true)).toEqual({ ...again, read: fewer });
  }
});
