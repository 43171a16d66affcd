import { resolve } from 'node:path';
import { Command } from 'commander';
import { encodeJson } from '../../../client/formats/json.ts';
import { readMerge } from '../merge/inputs.ts';
import { type MergePlan, mergedFolder, planMerge } from '../merge/merge-models.ts';
import { requireNewFolder, writeModelFolder } from '../model/write-model.ts';
import { withExamples, withJson } from '../options.ts';
import { Output } from '../terminal/output.ts';
import { bytes, quantity } from '../terminal/table.ts';
import { terminalText } from '../terminal/terminal-text.ts';

interface MergeFlags {
  readonly out: string;
  readonly dryRun: boolean;
  readonly json: boolean;
}

export function mergeCommand(): Command {
  const command = new Command('merge')
    .description(
      'Make one model of several that were trained from one base, by a recipe of mergekit: linear, slerp, ties or dare_ties. ' +
        'Nothing is trained and no GPU is needed.',
    )
    .argument('<recipe>', 'a YAML file; docs/recipe.md lists its keys')
    .requiredOption('--out <folder>', 'where to write the model: a new folder')
    .option('--dry-run', 'read the recipe and the models, say what would be merged, and write nothing', false)
    .action(runMerge);
  return withExamples(withJson(command), [
    'tapestry merge merge.yaml --out merged --dry-run',
    'tapestry merge merge.yaml --out merged',
  ]);
}

async function runMerge(path: string, flags: MergeFlags): Promise<void> {
  const output = new Output(flags.json);
  await requireNewFolder(flags.out, '--out');
  const inputs = await readMerge(path, ({ path: model, hash }) =>
    output.progress({ event: 'read', model, hash }, `read ${terminalText(model)}, ${hash.slice(0, 12)}`),
  );
  for (const { key, line } of inputs.recipe.ignored)
    output.progress(
      { event: 'ignored', key, line },
      `line ${line}: ${terminalText(key)} changes nothing here`,
    );
  const plan = planMerge(inputs);
  if (flags.dryRun) {
    showPlan(plan, output);
    return;
  }
  const { files, weights } = mergedFolder(plan);
  await writeModelFolder(flags.out, files, { 'lineage.json': encodeJson(plan.lineage) });
  output.result(
    { event: 'merged', folder: resolve(flags.out), weights, ...plan.lineage },
    `${plan.lineage.method} of ${plan.lineage.parents.length} models, ${weights.slice(0, 12)}, is in ${flags.out}.`,
  );
}

function showPlan({ inputs: { recipe }, model, lineage }: MergePlan, output: Output): void {
  const { trained } = model.layout;
  const size = trained * (recipe.type === 'F32' ? 4 : 2);
  output.result(
    { event: 'plan', ...lineage, parameters: trained, type: recipe.type, bytes: size },
    [
      `method  ${lineage.method}`,
      ...lineage.parents.map(
        ({ model: path, hash, isBase }) =>
          `${isBase ? 'base   ' : 'model  '} ${terminalText(path)}, ${hash.slice(0, 12)}`,
      ),
      `result  ${quantity(trained)} parameters in ${recipe.type.toLowerCase()}, ${bytes(size)}`,
    ].join('\n'),
  );
}
