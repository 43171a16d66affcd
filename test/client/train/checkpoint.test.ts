import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Sampler } from '../../../client/data/sampler.ts';
import { WordTokens } from '../../../client/data/tokens.ts';
import { decodeSafetensors } from '../../../client/formats/safetensors.ts';
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  recipeHash,
} from '../../../client/train/checkpoint.ts';

const recipe = recipeHash({ config: { layers: 2, dimension: 32 }, seed: 1 });
const vector = (scale: number) => Float32Array.from({ length: 12 }, (_, i) => Math.sin(i) * scale);
const sampler = new Sampler(
  WordTokens.of(Uint32Array.from({ length: 99 }, (_, i) => i)),
  { batch: 2, sequence: 4 },
  3,
).save();
const checkpoint: Checkpoint = {
  state: {
    step: 7,
    parameters: vector(1),
    firstMoment: vector(0.1),
    secondMoment: vector(1e-3),
    scaling: {
      lossScale: 4096,
      goodSteps: 3,
      firstWeight: Math.fround(0.4),
      secondWeight: Math.fround(0.07),
      appliedSteps: 6,
      skippedSteps: 1,
      stuckSteps: 0,
    },
  },
  sampler,
  kernels: {
    adapter: 'a card',
    kernels: { 'adamw f32 4 0': { variant: 'flat', digest: '0123456789abcdef' } },
  },
};
const encoded = await encodeCheckpoint(recipe, checkpoint);

test('a checkpoint is read back bit for bit, and any reader of safetensors finds its vectors', async () => {
  expect(await decodeCheckpoint(encoded, recipe)).toEqual(checkpoint);
  const { tensors } = decodeSafetensors(encoded);
  expect([...tensors.keys()]).toEqual(['parameters', 'firstMoment', 'secondMoment']);
  expect(tensors.get('firstMoment')?.values).toEqual(checkpoint.state.firstMoment);
  const { scaling: _, ...withoutScaling } = checkpoint.state;
  const older = { ...checkpoint, state: withoutScaling };
  expect(await decodeCheckpoint(await encodeCheckpoint(recipe, older), recipe)).toEqual(older);
});

test("a recipe's hash depends on its content and not on the order of its keys", () => {
  expect(recipeHash({ seed: 1, config: { dimension: 32, layers: 2 } })).toBe(recipe);
  expect(recipeHash({ seed: 2, config: { dimension: 32, layers: 2 } })).not.toBe(recipe);
  expect(recipeHash({ seed: 1, config: { dimension: 32, layers: 3 } })).not.toBe(recipe);
});

test('a checkpoint of another run is refused', async () => {
  const other = recipeHash({ config: { layers: 2, dimension: 32 }, seed: 2 });
  await expect(decodeCheckpoint(encoded, other)).rejects.toMatchObject({ code: 'checkpoint.other-run' });
});

test('another version is refused', async () => {
  const text = new TextDecoder('latin1').decode(encoded);
  const at = text.indexOf('"tapestry.version":"3"') + '"tapestry.version":"'.length;
  const later = encoded.slice();
  for (const version of '29') {
    later[at] = version.charCodeAt(0);
    await expect(decodeCheckpoint(later, recipe)).rejects.toMatchObject({ code: 'checkpoint.version' });
  }
});

test('every changed bit and every cut is noticed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(encoded.length * 8 - 1), async (bit) => {
      const changed = encoded.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await expect(decodeCheckpoint(changed, recipe)).rejects.toMatchObject({
        code: expect.stringMatching(/^checkpoint\./),
      });
    }),
    { numRuns: 300 },
  );
  for (const length of [0, 7, 100, encoded.length - 4])
    await expect(decodeCheckpoint(encoded.slice(0, length), recipe)).rejects.toMatchObject({
      code: 'checkpoint.damaged',
    });
});
