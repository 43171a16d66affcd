import { printable, TapestryError } from '../../../../client/errors.ts';
import type { Lineage } from '../../../../client/formats/lineage/lineage.ts';
import { dataOf } from '../../../../client/formats/lineage/record.ts';
import { parametersHash } from '../../../../client/formats/model-folder.ts';
import { committedBases } from '../../../../relay/verify/committed-bases.ts';
import { isHash } from '../../../../relay/wire/hex.ts';
import { Command } from '../../command.ts';
import { exit } from '../../exit-codes.ts';
import { checkLineage } from '../../lineage/check-lineage.ts';
import { lineageTree, treeLines } from '../../lineage/drawing.ts';
import { readLineage } from '../../lineage/lineage-file.ts';
import { loadAdapter } from '../../model/adapter-folder.ts';
import { loadAnyModel } from '../../model/model-folder.ts';
import { repeated, withExamples, withJson } from '../../options.ts';
import { fingerprintOf } from '../../run/fingerprint.ts';
import { Output } from '../../terminal/output.ts';
import { terminalText } from '../../terminal/terminal-text.ts';
import { runSource } from '../../verify/run-source.ts';

interface LineageFlags {
  readonly journal?: readonly string[];
  readonly model?: string;
  readonly signer?: string;
  readonly fingerprint?: string;
  readonly json: boolean;
}

export function lineageCommand(): Command {
  const command = new Command('lineage')
    .description(
      'Draw what a model was made from, and verify it: each signature, the values of the model, and with --journal that the ' +
        'run committed the base that it began with. Exit code 5 if something does not hold.',
    )
    .argument('<model>', "a model's folder, an adapter's folder, or a GGUF file")
    .option(
      '--journal <place>',
      "where the run's journal is: a relay's data folder, a demo's, or the address of a relay; repeat it for several runs",
      repeated,
    )
    .option('--model <path>', 'the model of an adapter, so that its values can be checked')
    .option('--signer <hex>', 'expect the signature of the node with this public key', signerOf)
    .option('--fingerprint <sha256>', 'trust the relay whose certificate has this SHA-256', fingerprintOf)
    .action(showLineage);
  return withExamples(withJson(command), [
    'tapestry lineage my-model',
    'tapestry lineage my-model --journal .tapestry/demo',
    'tapestry lineage my-model/adapter-1 --model bases/open --json | jq .ok',
  ]);
}

async function showLineage(path: string, flags: LineageFlags): Promise<void> {
  const output = new Output(flags.json);
  const lineage = await readLineage(path);
  if (lineage === null)
    throw new TapestryError(
      'lineage.missing',
      `${printable(path)} has no lineage.`,
      'Name a model that `tapestry build`, `merge`, `import` or `export` wrote.',
    );
  const journals = [];
  for (const place of flags.journal ?? [])
    journals.push(await committedBases(runSource(place, flags.fingerprint)));
  const weights = await weightsAt(path, lineage, flags.model);
  const { problems, unchecked, committed } = await checkLineage(lineage, weights, journals, flags.signer);
  const ok = problems.length === 0;
  const tree = lineageTree(lineage, path);
  const data = dataOf(lineage.record);
  output.result(
    { event: 'lineage', ok, ...{ tree, data, problems, unchecked, committed } },
    [
      ...treeLines(tree),
      ...data.map(({ name, hash }) => `data       ${terminalText(name)} ${hash.slice(0, 12)}`),
      ...committed.map(
        ({ name, run }) => `committed  ${terminalText(name)}: the journal has it as round ${run?.round}`,
      ),
      ...unchecked.map((what) => `unchecked  ${terminalText(what)}`),
      ...problems.map((problem) => `problem    ${terminalText(problem)}`),
      ok ? 'verified: everything above but what is unchecked' : 'not verified',
    ].join('\n'),
  );
  if (!ok) process.exitCode = exit.verification;
}

/** The hash of the values that a lineage is of; null for an adapter whose model is not named. */
async function weightsAt(
  path: string,
  { record }: Lineage,
  model: string | undefined,
): Promise<string | null> {
  if (record.kind !== 'adapter') return parametersHash((await loadAnyModel(path)).parameters);
  if (model === undefined) return null;
  const { adapter } = await loadAdapter(path, await loadAnyModel(model));
  return parametersHash(new Float32Array(adapter.values));
}

/** Throws `usage.signer`. */
function signerOf(text: string): string {
  const key = text.toLowerCase();
  if (isHash(key)) return key;
  throw new TapestryError(
    'usage.signer',
    `--signer ${printable(text)} is no public key.`,
    'A public key has 64 hexadecimal digits; the lineage.json of a model of that node has it as its key.',
  );
}
