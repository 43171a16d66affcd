import { InvalidArgumentError } from 'commander';
import { encodeBeginning, type Tokenizer } from '../../../../client/data/tokenizer.ts';
import type { ProtectedDomains } from '../../../../client/derive/protect/domains.ts';
import { StreamGuard } from '../../../../client/derive/protect/stream-guard.ts';
import { generate, type Prompt } from '../../../../client/model/generate/generate.ts';
import { Random } from '../../../../client/random.ts';
import { Command } from '../../command.ts';
import { exit } from '../../exit-codes.ts';
import { Continuations } from '../../model/continuations.ts';
import { openDecoder } from '../../model/decoder.ts';
import { type GenerationFlags, samplingOf, withGeneration } from '../../model/generation-flags.ts';
import { loadModel } from '../../model/model-folder.ts';
import { repeated, whole, withExamples, withJson } from '../../options.ts';
import { domainsAt, requireUnprotected } from '../../protect/rules-file.ts';
import { Interrupt } from '../../terminal/interrupt.ts';
import { Output } from '../../terminal/output.ts';

interface GenerateFlags extends GenerationFlags {
  readonly model: string;
  readonly prompt: readonly string[];
  readonly maxTokens: number;
  readonly stop?: readonly string[];
  readonly json: boolean;
}

export function generateCommand(): Command {
  const command = new Command('generate')
    .description('Continue prompts with a model. Prompt and continuation go to stdout as they are made.')
    .requiredOption('--model <folder>', 'a folder with config.json, model.safetensors and tokenizer.json')
    .requiredOption('--prompt <text>', 'what to continue; repeat it for several', repeated)
    .option('--max-tokens <count>', 'stop after this many tokens', whole(1, 1_000_000), 200)
    .option('--stop <text>', 'stop before this text; repeat it for several', stopText)
    .action(runGenerate);
  return withExamples(withJson(withGeneration(command)), [
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
  const { prompt: prompts, maxTokens, storage } = flags;
  const domains = await domainsAt(flags.protect);
  if (domains !== null) for (const prompt of prompts) requireUnprotected(prompt, domains);
  const model = await loadModel(flags.model);
  const { tokenizer } = model;
  const texts = promptTokens(tokenizer, prompts, flags.seed, domains);
  const { decoder, device } = await openDecoder(flags.device, model, {
    texts: texts.length,
    tokens: maxTokens + Math.max(...texts.map(({ tokens }) => tokens.length)),
    storage,
  });
  const pieces = generate(decoder, texts, {
    tokenizer,
    maxTokens,
    ...samplingOf(flags),
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
function promptTokens(
  tokenizer: Tokenizer,
  prompts: readonly string[],
  seed: number,
  domains: ProtectedDomains | null,
): Prompt[] {
  const seen = new Map<string, number>();
  return prompts.map((prompt) => {
    const before = seen.get(prompt) ?? 0;
    seen.set(prompt, before + 1);
    return {
      tokens: [...encodeBeginning(tokenizer, prompt)],
      random: Random.seeded(seed, before),
      ...(domains && { guard: new StreamGuard(domains, prompt) }),
    };
  });
}
