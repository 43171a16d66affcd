import { resolve } from 'node:path';
import * as v from 'valibot';
import { modelConfigOf } from '../../../client/contribute/run-model.ts';
import type { ModelCardFacts } from '../../../client/formats/model-card.ts';
import type { ModelConfig } from '../../../client/model/config.ts';
import { layoutOf } from '../../../client/model/parameters.ts';
import type { Relay } from '../../../relay/server/server.ts';
import { errorOf } from '../../../relay/threads/carried-error.ts';
import { saveBase } from '../model/base-folder.ts';
import { siblingProgram } from '../program.ts';
import { type TokenizerFiles, tokenizerFilesOf, tokenizerOfFiles } from './run-tokenizer.ts';
import { askThread } from './thread.ts';

/** Held-out losses of a corpus, in nats a token. */
export interface CorpusLoss {
  readonly name: string;
  readonly lossAtStart: number | null;
  readonly loss: number | null;
}

/** A base to write as a model folder, as plain values. */
export interface BaseExport {
  readonly folder: string;
  readonly config: ModelConfig;
  readonly parameters: Float32Array<ArrayBuffer>;
  /** Null for bytes. */
  readonly tokenizer: TokenizerFiles | null;
  readonly facts: ModelCardFacts;
}

/** Writes a base; throws what `saveBase` throws. */
export async function writeBase({ folder, config, parameters, tokenizer, facts }: BaseExport): Promise<void> {
  const read = tokenizerOfFiles(tokenizer, config.vocabularySize);
  await saveBase(folder, { config, layout: layoutOf(config), parameters, tokenizer: read }, facts);
}

const answerSchema = v.nullable(
  v.object({ message: v.string(), code: v.nullable(v.string()), next: v.string() }),
);

/** Writes a base in a thread of its own: to encode and hash a large one takes longer than nodes and viewers may wait. */
export async function writeBaseInThread(base: BaseExport): Promise<void> {
  const error = v.parse(answerSchema, await askThread(siblingProgram('export-worker'), base));
  if (error !== null) throw errorOf(error);
}

/**
 * Exports the relay's current base as a model folder: weights, config.json, tokenizer files and a model card. `baseModel` names
 * the model that the run began with, if it was not random; `write` writes the folder.
 */
export async function exportBase(
  relay: Relay,
  folder: string,
  corpora: readonly CorpusLoss[],
  baseModel?: string,
  write = writeBase,
): Promise<{ rounds: number; base: string; baseHash: string }> {
  const { manifest } = relay;
  const { round, hash, parameters } = await relay.base();
  const { totals } = relay.status();
  const facts = {
    name: manifest.name,
    run: relay.runId,
    round,
    contributions: totals.contributions,
    tokens: totals.tokens,
    localSteps: manifest.strategy.localSteps,
    license: baseModel === undefined ? 'Apache-2.0' : 'other',
    ...(baseModel === undefined ? {} : { baseModel }),
    corpora,
  };
  const tokenizer = await tokenizerFilesOf(relay);
  await write({ folder, config: modelConfigOf(manifest.model), parameters, tokenizer, facts });
  return { rounds: round, base: resolve(folder), baseHash: hash };
}
