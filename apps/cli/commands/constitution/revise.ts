import { Option } from 'commander';
import * as v from 'valibot';
import { type ReviseOptions, reviseAnswers } from '../../../../client/derive/constitution/pipeline/revise.ts';
import {
  critiqueSchema,
  keyOf,
  noRevisionSchema,
  revisionSchema,
} from '../../../../client/derive/constitution/pipeline/rows.ts';
import { Command } from '../../command.ts';
import { type LabellingFlags, openLabelling, withLabelling } from '../../constitution/labelling.ts';
import { inChunks, runStep } from '../../constitution/run-step.ts';
import { readStep, StepFile } from '../../constitution/step-file.ts';
import { openWriter, type WritingFlags, withWriting } from '../../constitution/writing.ts';
import { whole, withExamples, withJson } from '../../options.ts';
import { Output } from '../../terminal/output.ts';

type ReviseFlags = LabellingFlags &
  WritingFlags & {
    readonly how: ReviseOptions['by'];
    readonly attempts: number;
    readonly out: string;
    readonly json: boolean;
  };

/** Rows whose attempts are written together. */
const rowsTogether = 4;

export function reviseCommand(): Command {
  const command = withLabelling(
    new Command('revise')
      .summary('better the answers that break a principle')
      .description(
        'Better the answers that break a principle. A revision counts only where the labeller prefers it to the answer.',
      )
      .argument(
        '<critiques>',
        'JSONL that the step critique wrote; rows whose breaks is false are passed over',
      ),
  )
    .addOption(
      new Option(
        '--how <way>',
        'again: the model answers again, and the labeller chooses; words: the model is shown the critique, which small models do not understand',
      )
        .choices(['again', 'words'])
        .default('again'),
    )
    .option('--attempts <count>', 'at each answer', whole(1, 256), 8)
    .requiredOption(
      '--out <file>',
      'JSONL of prompt, completion, original and principle, for a stage instruct',
    )
    .action(revise);
  return withExamples(withJson(withWriting(command, 1)), [
    'tapestry constitution revise critiques.jsonl --constitution c.yaml --judge judge --model base --out revisions.jsonl',
  ]);
}

async function revise(path: string, flags: ReviseFlags): Promise<void> {
  const output = new Output(flags.json);
  const critiques = await readStep(path, critiqueSchema);
  const file = await StepFile.open(flags.out, v.union([revisionSchema, noRevisionSchema]));
  const done = new Set(file.before.map((row) => keyOf(row.prompt, row.original, row.principle)));
  const labelling = await openLabelling(flags, output);
  try {
    const critic = await openWriter(flags);
    const options = { labeller: labelling.labeller, critic, attempts: flags.attempts, by: flags.how };
    const work = labelling.principles.map(({ principle }) => ({
      principle,
      left: critiques.filter(
        (row) =>
          row.breaks &&
          row.principle === principle.id &&
          !done.has(keyOf(row.prompt, row.completion, principle.id)),
      ),
    }));
    const rows = async function* (signal: AbortSignal) {
      for (const { principle, left } of work)
        yield* inChunks(left, rowsTogether, (chunk) => reviseAnswers(chunk, principle, options, signal));
    };
    const left = work.reduce((sum, each) => sum + each.left.length, 0);
    try {
      await runStep({ name: 'revise', rows, file, out: flags.out, left }, output);
    } finally {
      critic.close();
    }
  } finally {
    labelling.close();
  }
}
