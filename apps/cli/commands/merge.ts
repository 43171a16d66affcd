import { resolve } from 'node:path';
import { signLineage } from '../../../client/derive/lineage.ts';
import { encodeLineage, lineageFile } from '../../../client/formats/lineage/lineage.ts';
import { diskFiles } from '../../../client/host/disk.ts';
import { identityInFiles } from '../../../client/identity.ts';
import { Command } from '../command.ts';
import { readMerge } from '../merge/inputs.ts';
import { type MergePlan, mergedFolder, planMerge } from '../merge/merge-models.ts';
import { requireNewFolder, writeModelFolder } from '../model/write-model.ts';
import { withExamples, withJson, withSigner } from '../options.ts';
import { Output } from '../terminal/output.ts';
import { bytes, quantity } from '../terminal/table.ts';
import { terminalText } from '../terminal/terminal-text.ts';

interface MergeFlags {
  readonly out: string;
  readonly dryRun: boolean;
  readonly data: string;
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
  return withExamples(withJson(withSigner(command)), [
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
  const { files, record } = mergedFolder(plan);
  const signer = await identityInFiles(diskFiles(flags.data));
  const lineage = await signLineage(record, plan.families, signer);
  await writeModelFolder(flags.out, files, { [lineageFile]: encodeLineage(lineage) });
  output.result(
    { event: 'merged', folder: resolve(flags.out), ...record },
    `${record.method} of ${record.parents.length} models, ${record.weights.slice(0, 12)}, is in ${flags.out}.`,
  );
}

function showPlan({ inputs: { recipe, base }, model, record }: MergePlan, output: Output): void {
  const { trained } = model.layout;
  const size = trained * (recipe.type === 'F32' ? 4 : 2);
  output.result(
    { event: 'plan', ...record, parameters: trained, type: recipe.type, bytes: size },
    [
      `method  ${record.method}`,
      ...record.parents.map(
        ({ name, weights }, index) =>
          `${base !== null && index === 0 ? 'base   ' : 'model  '} ${terminalText(name)}, ${weights.slice(0, 12)}`,
      ),
      `result  ${quantity(trained)} parameters in ${recipe.type.toLowerCase()}, ${bytes(size)}`,
    ].join('\n'),
  );
}
