import { critiqueAnswers } from '../../../../client/derive/constitution/pipeline/critique.ts';
import { answerSchema, critiqueSchema, keyOf } from '../../../../client/derive/constitution/pipeline/rows.ts';
import { Command } from '../../command.ts';
import { type LabellingFlags, openLabelling, withLabelling } from '../../constitution/labelling.ts';
import { inChunks, runStep } from '../../constitution/run-step.ts';
import { readStep, StepFile } from '../../constitution/step-file.ts';
import { chunkRows, openWriter, type WritingFlags, withWriting } from '../../constitution/writing.ts';
import { withExamples, withJson } from '../../options.ts';
import { Output } from '../../terminal/output.ts';

type CritiqueFlags = LabellingFlags &
  WritingFlags & { readonly inWords: boolean; readonly out: string; readonly json: boolean };

export function critiqueCommand(): Command {
  const command = withLabelling(
    new Command('critique')
      .summary('say which answers break which principle')
      .description(
        'Say of each answer and each principle whether it breaks it. The labeller is measured on held-out pairs first.',
      )
      .argument('<answers>', 'JSONL with the columns prompt and completion'),
  )
    .option(
      '--in-words',
      'have the --model write the critiques; else they say what the labeller found',
      false,
    )
    .requiredOption('--out <file>', 'JSONL of prompt, completion, principle, score, breaks and critique')
    .action(critique);
  return withExamples(withJson(withWriting(command, 0.7)), [
    'tapestry constitution critique answers.jsonl --constitution c.yaml --by check --out critiques.jsonl',
    'tapestry constitution critique answers.jsonl --constitution c.yaml --judge judge --out critiques.jsonl',
  ]);
}

async function critique(path: string, flags: CritiqueFlags): Promise<void> {
  const output = new Output(flags.json);
  const answers = await readStep(path, answerSchema);
  const file = await StepFile.open(flags.out, critiqueSchema);
  const done = new Set(file.before.map((row) => keyOf(row.prompt, row.completion, row.principle)));
  const labelling = await openLabelling(flags, output);
  const critic = flags.inWords ? await openWriter(flags) : null;
  try {
    const distinct = [...new Map(answers.map((row) => [keyOf(row.prompt, row.completion), row])).values()];
    const work = labelling.principles.map((each) => ({
      ...each,
      left: distinct.filter((row) => !done.has(keyOf(row.prompt, row.completion, each.principle.id))),
    }));
    const { labeller } = labelling;
    const rows = async function* (signal: AbortSignal) {
      for (const { principle, border, left } of work)
        yield* inChunks(left, chunkRows, (chunk) =>
          critiqueAnswers(chunk, principle, { labeller, border, critic }, signal),
        );
    };
    const left = work.reduce((sum, each) => sum + each.left.length, 0);
    await runStep({ name: 'critique', rows, file, out: flags.out, left }, output);
  } finally {
    critic?.close();
    labelling.close();
  }
}
