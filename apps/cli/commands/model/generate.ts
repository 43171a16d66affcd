import { Command, InvalidArgumentError, Option } from 'commander';
import type { Tokenizer } from '../../../../client/data/tokenizer.ts';
import { generate } from '../../../../client/model/generate/generate.ts';
import { Random } from '../../../../client/random.ts';
import type { Precision } from '../../../../shaders/shader.ts';
import { exit } from '../../exit-codes.ts';
import { Continuations } from '../../model/continuations.ts';
import { type DeviceName, deviceNames, openDecoder } from '../../model/decoder.ts';
import { loadModel } from '../../model/model-folder.ts';
import { decimal, repeated, whole, withExamples, withJson } from '../../options.ts';
import { Interrupt } from '../../terminal/interrupt.ts';
import { Output } from '../../terminal/output.ts';

interface GenerateFlags {
  readonly model: string;
  readonly prompt: readonly string[];
  readonly greedy: boolean;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly stop?: readonly string[];
  readonly seed: number;
  readonly device: DeviceName;
  readonly storage: Precision;
  readonly json: boolean;
}

export function generateCommand(): Command {
  const command = new Command('generate')
    .description('Continue prompts with a model. Prompt and continuation go to stdout as they are made.')
    .requiredOption('--model <folder>', 'a folder with config.json, model.safetensors and tokenizer.json')
    .requiredOption('--prompt <text>', 'what to continue; repeat it for several', repeated)
    .option('--greedy', 'always the likeliest token: the same words every time', false)
    .option('--max-tokens <count>', 'stop after this many tokens', whole(1, 1_000_000), 200)
    .option('--stop <text>', 'stop before this text; repeat it for several', stopText)
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
    .action(runGenerate);
  return withExamples(withJson(command), [
    "tapestry generate --model .tapestry/demo/base --prompt 'All human beings ' --max-tokens 100",
    "tapestry generate --model base --prompt 'Toda persona ' --temperature 0.7 --top-p 0.9 --seed 7 --stop .",
    "tapestry generate --model base --prompt 'Everyone has ' --prompt 'No one shall ' --json",
  ]);
}

function stopText(text: string, before?: readonly string[]): readonly string[] {
  if (text === '') throw new InvalidArgumentError('It must have at least one character.');
  return repeated(text, before);
}

async function runGenerate(flags: GenerateFlags): Promise<void> {
  const output = new Output(flags.json);
  const interrupt = new Interrupt(output, 'Stopping.');
  const { prompt: prompts, maxTokens, topK, topP, storage } = flags;
  const model = await loadModel(flags.model);
  const { tokenizer } = model;
  const texts = promptTokens(tokenizer, prompts, flags.seed);
  const { decoder, device } = await openDecoder(flags.device, model, {
    texts: texts.length,
    tokens: maxTokens + Math.max(...texts.map(({ tokens }) => tokens.length)),
    storage,
  });
  const pieces = generate(decoder, texts, {
    tokenizer,
    maxTokens,
    temperature: flags.greedy ? 0 : flags.temperature,
    ...(topK === undefined ? {} : { topK }),
    ...(topP === undefined ? {} : { topP }),
    stopTokens: [tokenizer.end],
    stopStrings: flags.stop ?? [],
    signal: interrupt.signal,
  });
  const continuations = new Continuations(prompts, device, output);
  try {
    for await (const piece of pieces) continuations.add(piece);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    process.exitCode = exit.interrupted;
  } finally {
    decoder.close();
  }
  continuations.close();
}

/** A prompt's text depends on the seed and not on the other prompts; a repeated prompt is continued differently. */
function promptTokens({ beginning, encode }: Tokenizer, prompts: readonly string[], seed: number) {
  const seen = new Map<string, number>();
  return prompts.map((prompt) => {
    const before = seen.get(prompt) ?? 0;
    seen.set(prompt, before + 1);
    return {
      tokens: [beginning, ...encode(prompt)],
      random: Random.seeded(seed, before),
    };
  });
}
