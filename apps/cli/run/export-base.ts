import { resolve } from 'node:path';
import { modelConfigOf } from '../../../client/contribute/run-model.ts';
import { layoutOf } from '../../../client/model/parameters.ts';
import type { Relay } from '../../../relay/server/server.ts';
import { saveBase } from '../model/base-folder.ts';
import { tokenizerOf } from './run-tokenizer.ts';

/** Held-out losses of a corpus, in nats a token. */
export interface CorpusLoss {
  readonly name: string;
  readonly lossAtStart: number | null;
  readonly loss: number | null;
}

/**
 * Writes the relay's current base as a model folder: weights, config.json, tokenizer files and a model card. `baseModel` names
 * the model that the run began with, if it was not random.
 */
export async function exportBase(
  relay: Relay,
  folder: string,
  corpora: readonly CorpusLoss[],
  baseModel?: string,
): Promise<{ rounds: number; base: string; baseHash: string }> {
  const { manifest } = relay;
  const config = modelConfigOf(manifest.model);
  const { round, hash, parameters } = await relay.base();
  const { totals } = relay.status();
  await saveBase(
    folder,
    { config, layout: layoutOf(config), parameters, tokenizer: await tokenizerOf(relay) },
    {
      name: manifest.name,
      run: relay.runId,
      round,
      contributions: totals.contributions,
      tokens: totals.tokens,
      localSteps: manifest.strategy.localSteps,
      license: baseModel === undefined ? 'Apache-2.0' : 'other',
      ...(baseModel === undefined ? {} : { baseModel }),
      corpora,
    },
  );
  return { rounds: round, base: resolve(folder), baseHash: hash };
}
