import { afterAll, beforeAll, expect, test } from 'vitest';
import { livelyParameters } from '../../../../bench/lively-parameters.ts';
import type { Device } from '../../../../client/gpu/device.ts';
import { initialAdapter } from '../../../../client/model/adapter/initial.ts';
import { mergeAdapter } from '../../../../client/model/adapter/merge.ts';
import { modelAdapter } from '../../../../client/model/adapter/model-adapter.ts';
import { type AdapterSettings, adapterLayout } from '../../../../client/model/adapter/settings.ts';
import type { ModelConfig } from '../../../../client/model/config.ts';
import type { CachedDecoder, LoadedAdapters } from '../../../../client/model/generate/cached-decoder.ts';
import { CpuDecoder } from '../../../../client/model/generate/cpu-decoder.ts';
import { GpuDecoder } from '../../../../client/model/generate/gpu-decoder.ts';
import { layoutOf } from '../../../../client/model/parameters.ts';
import { openNodeDevice } from '../../../support/gpu-node.ts';
import { referenceLogits } from '../../../support/lively-model.ts';
import { livelyAdapter } from '../../../support/train/lively-adapter.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

const config: ModelConfig = {
  vocabularySize: 12,
  layers: 2,
  dimension: 32,
  heads: 4,
  keyValueHeads: 2,
  feedForward: 24,
  contextLength: 40,
  ropeTheta: 100,
  normEpsilon: 1e-5,
  tiedHead: false,
};
const layout = layoutOf(config);
const values = livelyParameters(config, 2);
const base = { layout, values };

/** Of different ranks, on matrices that overlap in part. */
const settings: Readonly<Record<string, AdapterSettings>> = {
  poet: { rank: 2, alpha: 4, targets: ['q_proj', 'v_proj'] },
  clerk: { rank: 8, alpha: 8, targets: null, rsLora: true, rankPattern: { v_proj: 1 } },
  judge: { rank: 4, alpha: 8, targets: ['v_proj', 'o_proj', 'up_proj', 'down_proj'], dora: true },
};
const adapters: LoadedAdapters = new Map(
  Object.entries(settings).map(([name, own], i) => [name, livelyAdapter(base, own, i + 1)]),
);
const models = new Map([...adapters].map(([name, adapter]) => [name, mergeAdapter(base, adapter)]));

const tokens = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5];

async function decoders(loaded: LoadedAdapters): Promise<[string, CachedDecoder][]> {
  const sequences = 2;
  return [
    ['CPU', new CpuDecoder(config, layout, values, sequences, loaded)],
    ['GPU', await GpuDecoder.create(device, config, layout, values, { sequences, adapters: loaded })],
  ];
}

async function logitsOf(decoder: CachedDecoder): Promise<Float32Array> {
  await decoder.append([{ sequence: 1, tokens: tokens.slice(0, 10) }]);
  const [logits = new Float32Array()] = await decoder.append([{ sequence: 1, tokens: tokens.slice(10) }]);
  return logits.slice();
}

function furthest(actual: Float32Array, expected: Float64Array): number {
  return Math.max(...expected.map((value, i) => Math.abs(value - (actual[i] ?? Number.NaN))));
}

test('adapters side by side give what the models do that they are merged into, and none gives the base', async () => {
  const bare = referenceLogits(config, values, tokens);
  for (const [kind, decoder] of await decoders(adapters)) {
    const before = await logitsOf(decoder);
    expect(furthest(before, bare), kind).toBeLessThan(1e-4);
    for (const name of ['poet', 'judge', 'clerk', 'judge', 'poet']) {
      decoder.useAdapter(name);
      expect(decoder.lengthOf(1)).toBe(0);
      const own = await logitsOf(decoder);
      const expected = referenceLogits(config, models.get(name) ?? values, tokens);
      expect(furthest(own, expected), `${kind} ${name}`).toBeLessThan(1e-4);
      expect(furthest(own, bare), `${kind} ${name}`).toBeGreaterThan(1e-2);
    }
    decoder.useAdapter(null);
    expect(await logitsOf(decoder), kind).toEqual(before);
    decoder.close();
  }
});

test('an adapter whose B is zero gives the logits of the base bit for bit', async () => {
  const own: AdapterSettings = { rank: 8, alpha: 16, targets: null };
  const zero = modelAdapter(layout, own, initialAdapter(adapterLayout(layout, own), base, 1));
  const alone = await decoders(new Map());
  for (const [i, [kind, decoder]] of (await decoders(new Map([['zero', zero]]))).entries()) {
    decoder.useAdapter('zero');
    const bits = (logits: Float32Array) => new Uint32Array(logits.buffer, logits.byteOffset, logits.length);
    const bare = alone[i]?.[1];
    if (bare === undefined) throw new Error('there is no decoder without adapters');
    expect(bits(await logitsOf(decoder)), kind).toEqual(bits(await logitsOf(bare)));
    decoder.close();
    bare.close();
  }
});

test('an adapter that was not loaded is refused, and the one in use stays', async () => {
  for (const [, decoder] of await decoders(adapters)) {
    decoder.useAdapter('poet');
    await logitsOf(decoder);
    expect(() => decoder.useAdapter('lawyer')).toThrow(/lawyer is not one of the loaded adapters: poet/);
    expect(decoder.lengthOf(1)).toBe(tokens.length);
    decoder.close();
  }
});
