import { examplePairs } from '../../../../client/derive/constitution/pipeline/examples.ts';
import { TapestryError } from '../../../../client/errors.ts';
import { Command } from '../../command.ts';
import { readConstitutionFile } from '../../constitution/read-constitution.ts';
import { requireNewFile, writeNewFile } from '../../files/new-file.ts';
import { withExamples, withJson } from '../../options.ts';
import { Output } from '../../terminal/output.ts';

interface ExampleFlags {
  readonly out: string;
  readonly json: boolean;
}

export function examplesCommand(): Command {
  const command = new Command('examples')
    .summary("write the principles' examples as pairs that a judge learns from")
    .description(
      "Write pairs of the principles' examples, for a stage reward. A quarter of the examples, drawn by the hash of their text, is left " +
        'out: judges are measured on them.',
    )
    .argument('<constitution>', 'a YAML file whose principles have follows and breaks')
    .requiredOption('--out <file>', 'JSONL of prompt, chosen and rejected: a new file')
    .action(examples);
  return withExamples(withJson(command), [
    'tapestry constitution examples constitution.yaml --out examples.jsonl',
    'tapestry build judge.yaml --out judge',
  ]);
}

async function examples(path: string, flags: ExampleFlags): Promise<void> {
  const output = new Output(flags.json);
  requireNewFile(flags.out, '--out');
  const { constitution } = await readConstitutionFile(path);
  const rows = constitution.principles.flatMap((principle) =>
    examplePairs(principle, 'train').map((pair) => ({ ...pair, principle: principle.id })),
  );
  if (rows.length === 0)
    throw new TapestryError(
      'constitution.no-examples',
      'No principle has examples that follow it and examples that break it.',
      'Write some under follows and breaks; a judge needs at least a few dozen of each.',
    );
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  await writeNewFile(flags.out, [new TextEncoder().encode(lines)], '--out');
  const heldOut = constitution.principles.map((principle) => examplePairs(principle, 'held-out').length);
  const measured = heldOut.reduce((sum, count) => sum + count, 0);
  output.result(
    { event: 'written', file: flags.out, pairs: rows.length, heldOut: measured },
    `${rows.length} pairs are in ${flags.out}; judges are measured on ${measured} others.`,
  );
}
