import { resolve } from 'node:path';
import { layoutOf } from '../../client/model/parameters.ts';
import type { Relay } from '../../relay/server.ts';
import { saveModel } from './model-folder.ts';
import { modelConfigOf } from './run-model.ts';

/** Held-out losses of a nation, in nats a byte. */
export interface NationLoss {
  readonly name: string;
  readonly lossAtStart: number | null;
  readonly loss: number | null;
}

/** Writes the relay's current base as a model folder: base.safetensors, config.json and a model card. */
export async function exportBase(
  relay: Relay,
  folder: string,
  nations: readonly NationLoss[],
): Promise<{ rounds: number; base: string; baseHash: string }> {
  const { manifest } = relay;
  const config = modelConfigOf(manifest);
  const { round, hash, parameters } = await relay.base();
  const { totals } = relay.status();
  await saveModel(
    folder,
    { config, layout: layoutOf(config), parameters },
    {
      name: manifest.name,
      run: relay.runId,
      round,
      contributions: totals.contributions,
      tokens: totals.tokens,
      localSteps: manifest.strategy.localSteps,
      license: 'Apache-2.0',
      nations,
    },
  );
  return { rounds: round, base: resolve(folder), baseHash: hash };
}
