import type { ReadBase, ReadRun } from '../../../client/contribute/base-reader.ts';
import { continueTexts } from '../../../client/model/generate/continuation.ts';
import {
  type DecoderHost,
  type DeviceName,
  mostAtOnce,
  openDecoderOn,
} from '../../../client/model/generate/open-decoder.ts';
import { Random } from '../../../client/random.ts';

/** Tokens of a text: a few lines, which a processor writes in seconds. */
export const textTokens = 160;

export interface TextToWrite {
  readonly base: ReadBase;
  readonly seed: number;
}

export interface Writing {
  readonly run: ReadRun;
  readonly texts: readonly TextToWrite[];
  readonly prompt: string;
  readonly device: DeviceName;
}

/**
 * Continues a prompt once for each text, with all bases side by side, and passes each piece with its text's index.
 * @throws the errors of `openDecoderOn` and `generate`, or the signal's reason
 */
export async function writeTexts(
  host: DecoderHost,
  { run, texts, prompt, device }: Writing,
  onText: (index: number, text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { config, layout, tokenizer } = run;
  // One base that fails ends the others too.
  const failing = new AbortController();
  const stop = AbortSignal.any([signal, failing.signal]);
  const promptTokens = 1 + tokenizer.encode(tokenizer.prefix + prompt).length;
  const byBase = Map.groupBy(texts.entries(), ([, { base }]) => base);
  const write = async ({ parameters }: ReadBase, group: readonly [number, TextToWrite][]) => {
    const options = {
      texts: Math.min(mostAtOnce, group.length),
      tokens: promptTokens + textTokens,
      storage: 'f32',
    } as const;
    const { decoder } = await openDecoderOn(host, device, { config, layout, parameters }, options);
    try {
      const beginnings = group.map(([, { seed }]) => ({ text: prompt, random: Random.seeded(seed, 0) }));
      const pieces = continueTexts(decoder, tokenizer, beginnings, { maxTokens: textTokens, signal: stop });
      for await (const { prompt: at, text } of pieces) {
        const index = group[at]?.[0];
        if (index !== undefined && text !== '') onText(index, text);
      }
    } catch (error) {
      failing.abort(error);
      throw error;
    } finally {
      decoder.close();
    }
  };
  await Promise.all([...byBase].map(([base, group]) => write(base, group)));
}
