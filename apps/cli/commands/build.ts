import { resolve } from 'node:path';
import { type UsedEntry, usedEntries } from '../../../client/data/cards/data-entry.ts';
import { type BuildInputs, usedFiles } from '../../../client/derive/inputs.ts';
import type { RemovedByRule } from '../../../client/derive/protect/protected-rows.ts';
import type { Overrides } from '../../../client/derive/recipe/read-recipe.ts';
import { diskFiles } from '../../../client/host/disk.ts';
import { identityInFiles } from '../../../client/identity.ts';
import { buildInto } from '../build/build-into.ts';
import { readInputs, readRecipeFile } from '../build/inputs.ts';
import { planFact, planText, predict } from '../build/prediction.ts';
import { BuildProgress } from '../build/progress.ts';
import { sweep, variantsOf } from '../build/sweep.ts';
import { DataJournal } from '../cards/data-journal.ts';
import { Command } from '../command.ts';
import { exit } from '../exit-codes.ts';
import { repeated, withExamples, withJson, withSigner } from '../options.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { Output } from '../terminal/output.ts';
import { loss } from '../terminal/table.ts';

interface BuildFlags {
  readonly dryRun: boolean;
  readonly out?: string;
  readonly sweep?: readonly string[];
  readonly base?: string;
  readonly withoutRevoked: boolean;
  readonly data: string;
  readonly json: boolean;
}

const defaultFolder = 'derivative';

export function buildCommand(): Command {
  const command = new Command('build')
    .description(
      'Make a derivative of a base by a recipe, on this machine alone. The same command resumes a build that was stopped.',
    )
    .argument('<recipe>', 'a YAML file; docs/recipe.md lists its keys')
    .option('--dry-run', 'say what would be read, removed and trained, how long and how much memory', false)
    .option('--out <folder>', `where the result goes (default: the recipe's output_dir, or ${defaultFolder})`)
    .option(
      '--sweep <key=values>',
      'build once with each value of a key, as learning_rate=1e-4,3e-4, and compare; repeat it for a grid',
      repeated,
    )
    .option('--base <folder>', "the model to begin with, in place of the recipe's base_model")
    .option('--without-revoked', 'leave out data that was revoked, in place of refusing to build', false)
    .action(runCommand);
  return withExamples(withJson(withSigner(command)), [
    'tapestry build recipe.yaml --dry-run',
    'tapestry build recipe.yaml --out my-model',
    'tapestry build recipe.yaml --sweep learning_rate=1e-4,3e-4 --out compared',
    'tapestry build recipe.yaml --json | jq .values.loss',
  ]);
}

async function runCommand(path: string, flags: BuildFlags): Promise<void> {
  const output = new Output(flags.json);
  const journal = new DataJournal(flags.data);
  const revocations = { revoked: await journal.revoked(), isLeftOut: flags.withoutRevoked };
  const base: Overrides =
    flags.base === undefined ? new Map() : new Map([['base_model', JSON.stringify(flags.base)]]);
  const read = (overrides: Overrides = new Map()) =>
    readInputs(
      path,
      ({ code, message, next }) =>
        output.progress({ event: 'problem', code, message, next }, `${message} ${next}`),
      new Map([...base, ...overrides]),
      revocations,
    );
  const inputs = await read();
  if (flags.dryRun) {
    await showPlan(inputs, output);
    return;
  }
  const folder = resolve(flags.out ?? inputs.recipe.outputFolder ?? defaultFolder);
  const { signal } = new Interrupt(output, 'Stopping; the same command resumes from here.');
  const progress = new BuildProgress(output);
  const signer = await identityInFiles(diskFiles(flags.data));
  try {
    await journal.use(usedInBuild(inputs, { by: folder, recipe: resolve(path) }));
    if (flags.sweep !== undefined) {
      const check = (overrides: Overrides) => readRecipeFile(path, overrides);
      await sweep(variantsOf(flags.sweep), { check, read, folder, progress, output, signer, signal });
      return;
    }
    const { stages, build } = await buildInto(inputs, folder, { progress, signer, signal });
    for (const { kind, figures } of stages)
      for (const { name, before, after } of figures)
        output.log(
          `${kind}: ${name === 'held-out rows' || name === 'base text' ? `loss on ${name}` : name} ${loss(before)} before, ${loss(after)} after`,
        );
    const removed = protectedIn(inputs);
    const told = removed.map(({ rule, count }) => ` ${rule} protected ${count} rows or passages.`).join('');
    output.result({ event: 'built', folder, build, removed }, `The derivative is in ${folder}.${told}`);
  } catch (error) {
    if (!signal.aborted) throw error;
    process.exitCode = exit.interrupted;
  }
}

/** The entries that journal which data a build uses, before it does. */
function usedInBuild(
  inputs: BuildInputs,
  about: { readonly by: string; readonly recipe: string },
): UsedEntry[] {
  const used = usedFiles(inputs).map(({ name, ...rest }) => ({ name: resolve(name), ...rest }));
  return usedEntries(used, { use: 'build', ...about }, Date.now());
}

/** What protected domains removed from the rows and the base text of all stages, by rule. */
function protectedIn({ build, replayRemoved }: BuildInputs): RemovedByRule[] {
  const all = [...build.stages.flatMap(({ data }) => data.counts.protected), ...replayRemoved.flat()];
  const counts = new Map<string, number>();
  for (const { rule, count } of all) counts.set(rule, (counts.get(rule) ?? 0) + count);
  return [...counts].map(([rule, count]) => ({ rule, count }));
}

async function showPlan(inputs: BuildInputs, output: Output): Promise<void> {
  const predictions = await predict(inputs);
  if (output.json) for (const prediction of predictions) output.result(planFact(inputs, prediction), '');
  else output.result({ event: 'plan' }, planText(inputs, predictions));
}
