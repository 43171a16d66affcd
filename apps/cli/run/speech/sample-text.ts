import type { ModelConfig } from '../../../../client/model/config.ts';
import { continueTexts } from '../../../../client/model/generate/continuation.ts';
import { CpuDecoder } from '../../../../client/model/generate/cpu-decoder.ts';
import { layoutOf } from '../../../../client/model/parameters.ts';
import { Random } from '../../../../client/random.ts';
import { type TokenizerFiles, tokenizerOfFiles } from '../run-tokenizer.ts';

export interface SampleRequest {
  readonly config: ModelConfig;
  /** The run's tokenizer files; null for bytes. */
  readonly tokenizer: TokenizerFiles | null;
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly prompt: string;
  readonly maxTokens: number;
  readonly seed: number;
  /** Each round draws a sample of its own. */
  readonly round: number;
}

/** Continues the prompt on the CPU; the same request gives the same text. It works without pause: see sample-worker. */
export async function sampleText(request: SampleRequest): Promise<string> {
  const { config, parameters } = request;
  const tokenizer = tokenizerOfFiles(request.tokenizer, config.vocabularySize);
  const beginning = { text: request.prompt, random: Random.seeded(request.seed, request.round) };
  const decoder = new CpuDecoder(config, layoutOf(config), parameters);
  const pieces = continueTexts(decoder, tokenizer, [beginning], { maxTokens: request.maxTokens });
  let text = '';
  for await (const piece of pieces) text += piece.text;
  return text;
}
