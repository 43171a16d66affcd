import { type Command, Option } from 'commander';
import { type DeviceName, deviceNames } from '../../../client/model/generate/open-decoder.ts';
import type { Sampling } from '../../../client/model/generate/sampling.ts';
import type { Precision } from '../../../shaders/shader.ts';
import { decimal, whole } from '../options.ts';

/** How text is drawn, and where it is computed. */
export interface GenerationFlags {
  readonly greedy: boolean;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed: number;
  readonly device: DeviceName;
  readonly storage: Precision;
  readonly protect?: string;
}

/** Adds the options of every command that writes text with a model. */
export function withGeneration(command: Command): Command {
  return command
    .option('--greedy', 'always the likeliest token: the same words every time', false)
    .option('--temperature <number>', 'below 1 likelier, above 1 wilder', decimal(0.01, 10), 0.8)
    .option('--top-k <count>', 'sample among the k likeliest tokens only', whole(1, 1_000_000))
    .option('--top-p <number>', 'sample among the likeliest that have this probability', decimal(0.001, 1))
    .option('--seed <number>', 'another seed gives other words', whole(0, 0xffff_ffff), 0)
    .addOption(
      new Option(
        '--device <name>',
        'gpu is any WebGPU adapter; auto a graphics card for 4 million parameters and more, else the CPU',
      )
        .choices(deviceNames)
        .default('auto'),
    )
    .addOption(
      new Option(
        '--storage <format>',
        'of weights, keys and values on a WebGPU adapter; the CPU has f32 always',
      )
        .choices(['f32', 'f16'])
        .default('f32'),
    )
    .option(
      '--protect <rules>',
      'refuse prompts, and end answers, that these rules of protected domains match',
    );
}

export function samplingOf({ greedy, temperature, topK, topP }: GenerationFlags): Sampling {
  return {
    temperature: greedy ? 0 : temperature,
    ...(topK === undefined ? {} : { topK }),
    ...(topP === undefined ? {} : { topP }),
  };
}
