import { randomUUID } from 'node:crypto';
import { Option } from 'commander';
import { type ChatFormat, chatFormats } from '../../../../client/derive/chat/answer-prompt.ts';
import { Command } from '../../command.ts';
import { ChatModel } from '../../model/chat-model.ts';
import { type GenerationFlags, samplingOf, withGeneration } from '../../model/generation-flags.ts';
import { repeated, whole, withExamples, withJson } from '../../options.ts';
import { tokenOf } from '../../run/token.ts';
import { AnswerQueue } from '../../serve/answer-queue.ts';
import { completionsApp } from '../../serve/app.ts';
import { Completions } from '../../serve/completions.ts';
import { defaultServeLimits } from '../../serve/limits.ts';
import { serveCompletions } from '../../serve/server.ts';
import { Interrupt } from '../../terminal/interrupt.ts';
import { Output } from '../../terminal/output.ts';
import { streams } from '../../terminal/streams.ts';
import { terminalText } from '../../terminal/terminal-text.ts';

interface ServeFlags extends GenerationFlags {
  readonly adapter?: readonly string[];
  readonly format?: ChatFormat;
  readonly context: number;
  readonly port: number;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly maxTokens: number;
  readonly queue: number;
  readonly maxBody: number;
  readonly json: boolean;
}

export function serveCommand(): Command {
  const { maxTokens, queue, body } = defaultServeLimits;
  const command = new Command('serve')
    .description(
      'Answer programs of this machine by the chat-completions protocol. Sampling options hold for what a request leaves open.',
    )
    .argument('<model>', 'a folder with config.json, model.safetensors and tokenizer.json, or a GGUF file')
    .option(
      '--adapter <folder>',
      'a folder of PEFT or a GGUF file, or name=path; repeat it for several, which requests name as model:adapter',
      repeated,
    )
    .option('--port <number>', 'where to listen on 127.0.0.1; 0 takes any free one', whole(0, 65535), 8080)
    .addOption(
      new Option('--token <token>', 'what requests must bear (visible to other users of this machine)'),
    )
    .addOption(new Option('--token-file <file>', 'a file with the token'))
    .addOption(
      new Option(
        '--format <name>',
        "chat writes messages by the model's template, plain continues the last message as text (default: as the model was trained)",
      ).choices(chatFormats),
    )
    .option('--max-tokens <count>', 'an answer has at most this many tokens', whole(1, 1_000_000), maxTokens)
    .option('--context <tokens>', 'the most tokens of a prompt and its answer', whole(16, 1_048_576), 4096)
    .option('--queue <count>', 'requests that may wait for their turn', whole(0, 10_000), queue)
    .option('--max-body <bytes>', 'the longest request', whole(64, 2 ** 28), body)
    .action(runServe);
  return withExamples(withJson(withGeneration(command)), [
    'tapestry serve my-model',
    'tapestry serve .tapestry/demo/base --adapter my-model/adapter-1 --port 0 --json',
    `curl http://127.0.0.1:8080/v1/chat/completions -H 'content-type: application/json' -d '{"model": "my-model", "messages": [{"role": "user", "content": "Hello"}]}'`,
  ]);
}

async function runServe(path: string, flags: ServeFlags): Promise<void> {
  streams.serve();
  const output = new Output(flags.json);
  const interrupt = new Interrupt(output, 'Stopping.');
  const token = await tokenOf(flags);
  const model = await ChatModel.open(path, flags);
  const limits = {
    ...defaultServeLimits,
    ...{ maxTokens: flags.maxTokens, queue: flags.queue, body: flags.maxBody },
  };
  const completions = new Completions({
    ...{ model, limits, queue: new AnswerQueue(limits.queue) },
    ...{ sampling: samplingOf(flags), seed: flags.seed, newId: randomUUID, now: Date.now },
  });
  const app = completionsApp({
    ...{ completions, limits, token },
    created: Math.floor(Date.now() / 1000),
    onAnswer: ({ model: name, result }, end) => {
      const { promptTokens, completionTokens } = result.usage;
      output.progress(
        { event: 'answered', model: name, promptTokens, completionTokens, end },
        `${terminalText(name)}: ${promptTokens} tokens read, ${completionTokens} written, ${end}`,
      );
    },
    onProblem: (error) => output.error(error),
  });
  const server = await serveCompletions(app, flags.port, limits);
  const models = completions.modelNames;
  output.result(
    { event: 'serving', url: server.url.href, models, device: model.device },
    `${models.map((name) => terminalText(name)).join(', ')} on ${terminalText(model.device)} at ${server.url.href}`,
  );
  await interrupt.heard;
  server.close();
  model.close();
}
