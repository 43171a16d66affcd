import { writePrompts } from '../../../../client/derive/constitution/pipeline/prompts.ts';
import { promptSchema } from '../../../../client/derive/constitution/pipeline/rows.ts';
import { TapestryError } from '../../../../client/errors.ts';
import { Command } from '../../command.ts';
import { runStep } from '../../constitution/run-step.ts';
import { readStep, StepFile } from '../../constitution/step-file.ts';
import { chunkRows, openWriter, type WritingFlags, withWriting } from '../../constitution/writing.ts';
import { whole, withExamples, withJson } from '../../options.ts';
import { Output } from '../../terminal/output.ts';

interface PromptFlags extends WritingFlags {
  readonly count: number;
  readonly out: string;
  readonly json: boolean;
}

export function promptsCommand(): Command {
  const command = new Command('prompts')
    .summary('have a model write more red-team prompts like yours')
    .description(
      'Have a model write more prompts like those of a file: it continues lists of examples. Prompts that differ from others only ' +
        'in case, accents or punctuation are left out. Read them before you use them.',
    )
    .argument(
      '<examples>',
      'JSONL with the column prompt: prompts that tempt a model to break the principles',
    )
    .requiredOption('--model <folder>', 'the model that writes')
    .option('--count <number>', 'prompts to have in the file', whole(1, 1_000_000), 100)
    .requiredOption('--out <file>', 'JSONL of prompt; rows that it has already are not written again')
    .action(prompts);
  return withExamples(withJson(withWriting(command, 1)), [
    'tapestry constitution prompts mine.jsonl --model base --count 200 --out prompts.jsonl',
  ]);
}

async function prompts(path: string, flags: PromptFlags): Promise<void> {
  const output = new Output(flags.json);
  const examples = (await readStep(path, promptSchema)).flatMap(({ prompt }) =>
    typeof prompt === 'string' ? [prompt] : [],
  );
  if (examples.length === 0)
    throw new TapestryError(
      'constitution.no-prompts',
      'The file has no prompt that is text.',
      'Write at least one prompt, better ten.',
    );
  const file = await StepFile.open(flags.out, promptSchema);
  const done = file.before.flatMap(({ prompt }) => (typeof prompt === 'string' ? [prompt] : []));
  const { writer, close } = await openWriter(flags);
  const options = { count: flags.count, seed: flags.seed, chunk: chunkRows };
  try {
    const rows = (signal: AbortSignal) => writePrompts(examples, done, options, writer, signal);
    await runStep({ name: 'prompts', rows, file, out: flags.out, left: flags.count - done.length }, output);
  } finally {
    close();
  }
}
