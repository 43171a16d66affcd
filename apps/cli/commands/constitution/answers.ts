import { answerSchema, keyOf, promptSchema } from '../../../../client/derive/constitution/pipeline/rows.ts';
import { Command } from '../../command.ts';
import { inChunks, runStep } from '../../constitution/run-step.ts';
import { readStep, StepFile } from '../../constitution/step-file.ts';
import { chunkRows, openWriter, type WritingFlags, withWriting } from '../../constitution/writing.ts';
import { whole, withExamples, withJson } from '../../options.ts';
import { Output } from '../../terminal/output.ts';

interface AnswerFlags extends WritingFlags {
  readonly count: number;
  readonly out: string;
  readonly json: boolean;
}

export function answersCommand(): Command {
  const command = new Command('answers')
    .summary('have a model answer prompts, several times each')
    .description(
      "Have a model answer prompts, several times each: the model's own answers, which are labelled later.",
    )
    .argument('<prompts>', 'JSONL with the column prompt: text, or messages that the chat template writes')
    .requiredOption('--model <folder>', 'the model that answers')
    .option('--count <number>', 'answers to each prompt', whole(1, 1024), 4)
    .requiredOption(
      '--out <file>',
      'JSONL of prompt and completion; rows that it has already are not written again',
    )
    .action(answers);
  return withExamples(withJson(withWriting(command, 1)), [
    'tapestry constitution answers prompts.jsonl --model base --out answers.jsonl',
  ]);
}

async function answers(path: string, flags: AnswerFlags): Promise<void> {
  const output = new Output(flags.json);
  const given = await readStep(path, promptSchema);
  const file = await StepFile.open(flags.out, answerSchema);
  const done = Map.groupBy(file.before, ({ prompt }) => keyOf(prompt));
  const distinct = new Map(given.map(({ prompt }) => [keyOf(prompt), prompt]));
  const left = [...distinct].flatMap(([key, prompt]) => {
    const first = done.get(key)?.length ?? 0;
    return Array.from({ length: Math.max(0, flags.count - first) }, (_, index) => ({
      ...{ prompt, attempt: first + index },
    }));
  });
  const { writer, close } = await openWriter(flags);
  try {
    const rows = (signal: AbortSignal) =>
      inChunks(left, chunkRows, async (chunk) => {
        const texts = await writer.write(chunk, signal);
        return chunk.map(({ prompt }, index) => ({ prompt, completion: texts[index] ?? '' }));
      });
    await runStep({ name: 'answers', rows, file, out: flags.out, left: left.length }, output);
  } finally {
    close();
  }
}
