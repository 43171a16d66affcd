import { type Command, Option } from 'commander';
import type { Critic } from '../../../client/derive/constitution/pipeline/critique.ts';
import { modelWriter } from '../../../client/derive/constitution/pipeline/writer.ts';
import { TapestryError } from '../../../client/errors.ts';
import { type DeviceName, deviceNames } from '../../../client/model/generate/open-decoder.ts';
import { openDecoder } from '../model/decoder.ts';
import { loadModel } from '../model/model-folder.ts';
import { decimal, whole } from '../options.ts';

export interface WritingFlags {
  readonly model?: string;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed: number;
  readonly device: DeviceName;
}

/** Texts that are asked for together. */
export const chunkRows = 16;

/** Adds the options of how a model writes; `--model` is the caller's. */
export function withWriting(command: Command, temperature: number): Command {
  return command
    .option('--max-tokens <count>', 'of a text', whole(1, 100_000), 128)
    .option('--temperature <number>', 'below 1 likelier, above 1 wilder', decimal(0.01, 10), temperature)
    .option('--seed <number>', 'another seed gives other words', whole(0, 0xffff_ffff), 0)
    .addOption(new Option('--device <name>', 'where the model writes').choices(deviceNames).default('auto'));
}

/** Opens the model that writes. Throws `usage.model`, `model.*` or the errors of `openDecoder`. */
export async function openWriter(flags: WritingFlags): Promise<Critic & { close(): void }> {
  if (flags.model === undefined)
    throw new TapestryError('usage.model', 'There is no model to write.', 'Name its folder with --model.');
  const model = await loadModel(flags.model);
  const { decoder } = await openDecoder(flags.device, model, {
    ...{ texts: chunkRows, tokens: model.config.contextLength, storage: 'f32' },
  });
  const { maxTokens, temperature, seed } = flags;
  return {
    writer: modelWriter(decoder, model.tokenizer, { maxTokens, temperature, seed }),
    tokenizer: model.tokenizer,
    close: () => decoder.close(),
  };
}
