import * as v from 'valibot';
import { byPrompt, labelAnswers } from '../../../../client/derive/constitution/pipeline/label.ts';
import {
  answerSchema,
  keyOf,
  noPairSchema,
  pairSchema,
} from '../../../../client/derive/constitution/pipeline/rows.ts';
import { Command } from '../../command.ts';
import { type LabellingFlags, openLabelling, withLabelling } from '../../constitution/labelling.ts';
import { inChunks, runStep } from '../../constitution/run-step.ts';
import { readStep, StepFile } from '../../constitution/step-file.ts';
import { withExamples, withJson } from '../../options.ts';
import { Output } from '../../terminal/output.ts';

type LabelFlags = LabellingFlags & { readonly out: string; readonly json: boolean };

/** Prompts whose answers are labelled together. */
const promptsTogether = 8;

export function labelCommand(): Command {
  const command = withLabelling(
    new Command('label')
      .summary('pair answers by the principles')
      .description(
        'Pair the best and the worst answer to each prompt by the principles. The labeller is measured on held-out pairs first, and ' +
          'refused below --least-accuracy. At sizes that train in a tab a judge is what works: asked in words, such models guess.',
      )
      .argument('<answers>', 'JSONL with the columns prompt and completion, several rows to a prompt'),
  )
    .requiredOption('--out <file>', 'JSONL of prompt, chosen and rejected, for a stage prefer or reward')
    .action(label);
  return withExamples(withJson(command), [
    'tapestry constitution label answers.jsonl --constitution c.yaml --judge judge --out pairs.jsonl',
    'tapestry constitution label answers.jsonl --constitution c.yaml --by check --out pairs.jsonl',
  ]);
}

async function label(path: string, flags: LabelFlags): Promise<void> {
  const output = new Output(flags.json);
  const answers = await readStep(path, answerSchema);
  const file = await StepFile.open(flags.out, v.union([pairSchema, noPairSchema]));
  const done = new Set(file.before.map(({ prompt }) => keyOf(prompt)));
  const { labeller, principles, close } = await openLabelling(flags, output);
  try {
    const left = byPrompt(answers).filter(([first]) => first !== undefined && !done.has(keyOf(first.prompt)));
    const chosen = principles.map(({ principle }) => principle);
    const rows = () => inChunks(left, promptsTogether, (chunk) => labelAnswers(chunk, chosen, labeller));
    await runStep({ name: 'label', rows, file, out: flags.out, left: left.length }, output);
  } finally {
    close();
  }
}
