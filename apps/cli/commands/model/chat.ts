import { createInterface } from 'node:readline';
import { Option } from 'commander';
import { type ChatFormat, chatFormats } from '../../../../client/derive/chat/answer-prompt.ts';
import { ChatSession } from '../../chat/chat-session.ts';
import { PairFile } from '../../chat/pair-file.ts';
import { StopOrLeave } from '../../chat/stop-or-leave.ts';
import { Command } from '../../command.ts';
import { exit } from '../../exit-codes.ts';
import { ChatModel } from '../../model/chat-model.ts';
import { type GenerationFlags, samplingOf, withGeneration } from '../../model/generation-flags.ts';
import { repeated, whole, withExamples, withJson } from '../../options.ts';
import { Output } from '../../terminal/output.ts';

interface ChatFlags extends GenerationFlags {
  readonly adapter?: readonly string[];
  readonly system?: string;
  readonly pairs: string;
  readonly format?: ChatFormat;
  readonly context: number;
  readonly maxTokens: number;
  readonly json: boolean;
}

export function chatCommand(): Command {
  const command = new Command('chat')
    .description(
      'Talk with a model. Answers go to stdout as they are made; /help lists what may be typed. From a pipe each line is a message.',
    )
    .argument('<model>', 'a folder with config.json, model.safetensors and tokenizer.json, or a GGUF file')
    .option(
      '--adapter <folder>',
      'a folder of PEFT or a GGUF file, or name=path; repeat it for several, which /adapter switches between',
      repeated,
    )
    .option('--system <text>', 'the system message')
    .option('--pairs <file>', 'where votes write preference pairs, for the stage prefer', 'chat-pairs.jsonl')
    .addOption(
      new Option(
        '--format <name>',
        "chat writes messages by the model's template, plain continues each message as text (default: as the model was trained)",
      ).choices(chatFormats),
    )
    .option('--max-tokens <count>', 'an answer has at most this many tokens', whole(1, 1_000_000), 512)
    .option('--context <tokens>', 'the most tokens in memory at once', whole(16, 1_048_576), 4096)
    .action(runChat);
  return withExamples(withJson(withGeneration(command)), [
    'tapestry chat my-model',
    'tapestry chat .tapestry/demo/base --adapter my-model/adapter-1 --temperature 0.5',
    'tapestry chat SmolLM2-135M-Instruct.gguf --system "Answer in one sentence."',
    'tapestry chat my-model --greedy < questions.txt > answers.txt',
  ]);
}

async function runChat(path: string, flags: ChatFlags): Promise<void> {
  const output = new Output(flags.json);
  const model = await ChatModel.open(path, flags);
  const interrupts = new StopOrLeave(() => performance.now());
  const typed = process.stdin.isTTY === true && process.stdout.isTTY === true && !flags.json;
  const lines = createInterface({
    input: process.stdin,
    ...(typed ? { output: process.stdout, terminal: true, prompt: '> ' } : { terminal: false }),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  let left = false;
  const leave = () => {
    left = true;
    process.exitCode = exit.interrupted;
    lines.close();
  };
  const heard = (repeats: boolean) => {
    const meant = interrupts.heard(repeats);
    if (meant === 'leave') leave();
    if (meant === 'warned') output.log('Ctrl-C again leaves.');
    if (meant === 'warned' && typed) lines.prompt();
  };
  // A terminal in raw mode gives Ctrl-C as a key, once; a signal may come from npm as well.
  lines.on('SIGINT', () => heard(false));
  process.on('SIGINT', () => heard(true));
  process.on('SIGTERM', () => {
    interrupts.heard(false);
    leave();
  });
  try {
    const session = new ChatSession({
      ...{ model, interrupts, output },
      ...{ sampling: samplingOf(flags), maxTokens: flags.maxTokens, seed: flags.seed },
      ...{ system: flags.system ?? null, pairs: new PairFile(flags.pairs) },
    });
    if (typed) lines.prompt();
    for await (const line of lines) {
      if (left || !(await session.take(line))) break;
      if (typed) lines.prompt();
    }
  } finally {
    lines.close();
    model.close();
  }
}
