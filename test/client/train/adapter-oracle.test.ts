import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Batch, ignoredTarget } from '../../../client/data/batch.ts';
import type { Device } from '../../../client/gpu/device.ts';
import { initialAdapter } from '../../../client/model/adapter/initial.ts';
import {
  type AdapterSettings,
  adaptedMatrices,
  adapterNames,
} from '../../../client/model/adapter/settings.ts';
import type { ParameterLayout } from '../../../client/model/parameters.ts';
import { Trainer } from '../../../client/train/trainer.ts';
import { freshState } from '../../../client/train/training.ts';
import { openNodeDevice } from '../../support/gpu-node.ts';
import { expectOracleGradient } from '../../support/oracle/expect-gradient.ts';
import lora from '../../support/oracle/lora.json' with { type: 'json' };
import {
  oracleConfig,
  oracleLayout,
  oracleTensor,
  oracleWeights,
  type Probes,
  unit,
  word,
} from '../../support/oracle/oracle.ts';
import { settings } from '../../support/train/small-run.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

const unclipped = { ...settings, gradientClip: 1e9 };

const oracleCases = {
  lora: { alpha: 8, rank: 4, targets: null },
  rslora: { alpha: 8, rank: 4, targets: null, rsLora: true },
  dora: { alpha: 8, rank: 4, targets: null, dora: true },
  attention_only_rank_2: { alpha: 2, rank: 2, targets: ['q_proj', 'v_proj'] },
} as const satisfies Record<string, AdapterSettings>;

/** The oracle's adapter: matrix i has A of the stream 7000 + 2 i and B of the next one. */
function oracleAdapter(own: ParameterLayout, adapter: AdapterSettings): Float32Array<ArrayBuffer> {
  const values = initialAdapter(own, { layout: oracleLayout, values: oracleWeights(1) }, 1);
  adaptedMatrices(oracleLayout, adapter).forEach(({ name }, i) => {
    Object.values(adapterNames(name)).forEach((tensor, j) => {
      const place = own.tensors.find((each) => each.name === tensor);
      if (place === undefined) return;
      if (j < 2) values.set(oracleTensor(place.size, 7000 + 2 * i + j, 0.2), place.offset);
      // Magnitudes are the rows' lengths, already there, times 1 + 0.1 of the stream 7500 + i.
      else
        for (let o = 0; o < place.size; o++)
          values[place.offset + o] = (values[place.offset + o] ?? 0) * (1 + 0.1 * unit(o, 7500 + i));
    });
  });
  return values;
}

/** Two rows of 11 tokens; the last token of a row has no target. */
const oracleShape = { batch: 2, sequence: 11 };
const oracleTokens = Uint32Array.from({ length: 22 }, (_, i) => word(i, 501) % 20);
const oracleBatch: Batch = {
  inputs: oracleTokens,
  targets: oracleTokens.map((_, i) => (i % 11 === 10 ? ignoredTarget : (oracleTokens[i + 1] ?? 0))),
};

test.each(Object.entries(oracleCases))(
  '%s has the loss and the gradients of the oracle',
  async (name, adapter) => {
    const trainer = await Trainer.create(device, oracleConfig, oracleShape, unclipped, { lora: adapter });
    trainer.setFrozen(oracleWeights(1));
    trainer.load(freshState(oracleAdapter(trainer.layout, adapter)));
    trainer.step(oracleBatch, 0);
    const [loss, gradient] = [await trainer.loss(), await trainer.gradient()];
    const expected = lora[name as keyof typeof oracleCases];
    expect(Math.abs(loss - expected.loss) / expected.loss).toBeLessThan(1e-5);
    const probes = Object.fromEntries(
      Object.entries<readonly number[]>(expected.gradient).map(([key, value]) => [
        key.endsWith('vector') ? key : `${key}.weight`,
        value,
      ]),
    ) satisfies Probes;
    expectOracleGradient(gradient, trainer.layout, probes, 1e-4);
    trainer.close();
  },
);
