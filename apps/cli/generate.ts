import { Command } from 'commander';
import { byteTokenizer } from '../../client/data/tokenizer.ts';
import { generate } from '../../client/model/generate.ts';
import { Random } from '../../client/random.ts';
import { exit } from './exit.ts';
import { Interrupt } from './interrupt.ts';
import { loadModel } from './model-folder.ts';
import { decimal, whole, withExamples, withJson } from './options.ts';
import { Output } from './output.ts';

interface GenerateFlags {
  readonly model: string;
  readonly prompt: string;
  readonly greedy: boolean;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly seed: number;
  readonly json: boolean;
}

export function generateCommand(): Command {
  const command = new Command('generate')
    .description(
      'Continue a prompt with a model, on the CPU. Prompt and continuation go to stdout as they are made.',
    )
    .requiredOption('--model <folder>', 'a folder with config.json and base.safetensors')
    .requiredOption('--prompt <text>', 'what to continue')
    .option('--greedy', 'always the likeliest token: the same words every time', false)
    .option('--max-tokens <count>', 'stop after this many tokens', whole(1, 1_000_000), 200)
    .option('--temperature <number>', 'below 1 likelier, above 1 wilder', decimal(0.01, 10), 0.8)
    .option('--top-k <count>', 'sample among the k likeliest tokens only', whole(1, 1_000_000))
    .option('--seed <number>', 'another seed gives other words', whole(0, 0xffff_ffff), 0)
    .action(runGenerate);
  return withExamples(withJson(command), [
    "tapestry generate --model .tapestry/demo/base --prompt 'All human beings ' --greedy --max-tokens 100",
    "tapestry generate --model base --prompt 'Toda persona ' --temperature 0.7 --top-k 40 --seed 7",
  ]);
}

async function runGenerate(flags: GenerateFlags): Promise<void> {
  const output = new Output(flags.json);
  const interrupt = new Interrupt(output, 'Stopping.');
  const { config, layout, parameters } = await loadModel(flags.model);
  const tokens = generate(config, layout, parameters, {
    prompt: [byteTokenizer.beginning, ...byteTokenizer.encode(flags.prompt)],
    maxTokens: flags.maxTokens,
    temperature: flags.greedy ? 0 : flags.temperature,
    ...(flags.topK === undefined ? {} : { topK: flags.topK }),
    random: Random.seeded(flags.seed),
    stop: byteTokenizer.end,
    signal: interrupt.signal,
  });
  const say = (text: string) => {
    if (!flags.json) process.stdout.write(text);
    return text;
  };
  const stream = byteTokenizer.stream();
  let text = '';
  let count = 0;
  say(flags.prompt);
  try {
    for await (const token of tokens) {
      count++;
      text += say(stream.push(token));
    }
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    process.exitCode = exit.interrupted;
  }
  text += say(stream.flush());
  if (flags.json) output.result({ event: 'generated', prompt: flags.prompt, text, tokens: count }, '');
  else if (process.stdout.isTTY) process.stdout.write('\n');
}
