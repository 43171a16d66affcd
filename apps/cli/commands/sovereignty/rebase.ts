import { resolve } from 'node:path';
import { diskFiles } from '../../../../client/host/disk.ts';
import { identityInFiles } from '../../../../client/identity.ts';
import { readInputs, readRecipeFile } from '../../build/inputs.ts';
import { BuildProgress } from '../../build/progress.ts';
import { rebaseInto } from '../../build/rebase-into.ts';
import { Command } from '../../command.ts';
import { exit } from '../../exit-codes.ts';
import { whole, withExamples, withJson, withSigner } from '../../options.ts';
import { Interrupt } from '../../terminal/interrupt.ts';
import { Output } from '../../terminal/output.ts';
import { aligned } from '../../terminal/table.ts';

interface RebaseFlags {
  readonly base: string;
  readonly recipe: string;
  readonly out: string;
  readonly steps: number;
  readonly data: string;
  readonly json: boolean;
}

export function rebaseCommand(): Command {
  const command = new Command('rebase')
    .description(
      'Follow a base: move a derivative to a newer base, tune it there for some steps on the same data, and write whichever of ' +
        'the two evaluates better. An adapter moves as it is; other weights move by their difference from the old base.',
    )
    .argument('<derivative>', 'the folder that a build wrote')
    .requiredOption('--base <folder>', 'the new base')
    .requiredOption('--recipe <file>', 'the recipe that the derivative was built by')
    .requiredOption('--out <folder>', 'where the result goes')
    .option('--steps <number>', 'steps to tune on the new base', whole(1, 2 ** 24), 50)
    .action(runRebase);
  return withExamples(withJson(withSigner(command)), [
    'tapestry rebase my-model --base .tapestry/demo/base --recipe recipe.yaml --out my-model-2',
    'tapestry rebase my-model --base bases/new --recipe recipe.yaml --steps 200 --out my-model-2 --json | jq .chosen',
  ]);
}

async function runRebase(derivative: string, flags: RebaseFlags): Promise<void> {
  const output = new Output(flags.json);
  const { baseModel: oldBase } = await readRecipeFile(flags.recipe);
  const inputs = await readInputs(
    flags.recipe,
    ({ code, message, next }) =>
      output.progress({ event: 'problem', code, message, next }, `${message} ${next}`),
    new Map([['base_model', JSON.stringify(flags.base)]]),
  );
  const { signal } = new Interrupt(output, 'Stopping; the same command resumes from here.');
  const folder = resolve(flags.out);
  try {
    const { record, choice } = await rebaseInto(inputs, folder, {
      ...{ derivative, oldBase, steps: flags.steps, signal },
      progress: new BuildProgress(output),
      signer: await identityInFiles(diskFiles(flags.data)),
    });
    const chosen = record.made === 'rebase' ? record.chosen : null;
    output.result(
      { event: 'rebased', folder, chosen, moved: choice?.moved ?? null, tuned: choice?.tuned ?? null },
      [
        ...(choice === null ? [] : comparison(choice)),
        `The derivative, ${chosen === 'moved' ? 'moved as it was' : 'tuned on the new base'}, is in ${folder}.`,
      ].join('\n'),
    );
  } catch (error) {
    if (!signal.aborted) throw error;
    process.exitCode = exit.interrupted;
  }
}

type Figures = Readonly<Partial<Record<string, number>>>;

/** The figures of both, one a line. */
function comparison({ moved, tuned }: { readonly moved: Figures; readonly tuned: Figures }): string[] {
  const names = Object.keys(moved).filter((name) => tuned[name] !== undefined);
  const cell = (value: number | undefined) => value?.toFixed(4) ?? '-';
  const rows = names.map((name) => [name, cell(moved[name]), cell(tuned[name])]);
  return aligned([['', 'moved', 'tuned'], ...rows], (column) => column === 0);
}
