import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { TapestryError } from '../../../../client/errors.ts';
import { diskFiles } from '../../../../client/host/disk.ts';
import { identityInFiles } from '../../../../client/identity.ts';
import { Command } from '../../command.ts';
import { checkExit } from '../../exit/check-exit.ts';
import { partsAt } from '../../exit/parts.ts';
import { writeExit } from '../../exit/write-exit.ts';
import { exit } from '../../exit-codes.ts';
import { dataFolder } from '../../files/data-folder.ts';
import { requireNewFolder } from '../../model/write-model.ts';
import { withExamples, withJson, withSigner } from '../../options.ts';
import { Output } from '../../terminal/output.ts';
import { bytes } from '../../terminal/table.ts';
import { terminalText } from '../../terminal/terminal-text.ts';

interface ExitFlags {
  readonly out?: string;
  readonly check?: string;
  readonly data: string;
  readonly json: boolean;
}

/** Where this program writes unless another place is named: nodes and relays, the demo, builds. */
const usualPlaces = () => [...new Set([dataFolder(), '.tapestry', 'derivative'])];

export function exitCommand(): Command {
  const command = new Command('exit')
    .description(
      'Leave with everything: write runs (journal, manifest and blobs), models, adapters, the training state of nodes and ' +
        'builds, and cards into one folder, or prove such a folder whole without any network. Private keys stay where they are.',
    )
    .argument(
      '[places...]',
      "folders and files to take along (default: what is in the system's folder for data, .tapestry and derivative)",
    )
    .option('--out <folder>', 'where to write: a new folder')
    .option('--check <folder>', 'prove that such a folder is whole; exit code 5 if it is not')
    .action(runExit);
  return withExamples(withJson(withSigner(command)), [
    'tapestry exit --out exit',
    'tapestry exit .tapestry my-model cards.yaml --out exit',
    'tapestry exit --check exit   # on another machine, without network',
  ]);
}

async function runExit(places: readonly string[], flags: ExitFlags): Promise<void> {
  const output = new Output(flags.json);
  const { out, check } = flags;
  if ((out === undefined) === (check === undefined) || (check !== undefined && places.length > 0))
    throw new TapestryError(
      'usage.exit',
      'An exit is either written or checked.',
      'Name places and --out FOLDER, or --check FOLDER alone.',
    );
  if (check !== undefined) return show(check, output);
  if (out === undefined) return;
  await requireNewFolder(out, '--out');
  const parts = await partsAt(
    places.length > 0 ? places : usualPlaces().filter((place) => existsSync(place)),
  );
  const signer = await identityInFiles(diskFiles(flags.data));
  const { files } = await writeExit(out, parts, signer, ({ kind, from, folder }) =>
    output.progress({ event: 'part', kind, from, folder }, `${kind} ${terminalText(from)}`),
  );
  const size = files.reduce((sum, file) => sum + file.bytes, 0);
  output.result(
    { event: 'written', folder: resolve(out), parts: parts.length, files: files.length, bytes: size },
    `${parts.length} parts, ${files.length} files, ${bytes(size)} are in ${out}. Check it anywhere: tapestry exit --check ${out}`,
  );
}

async function show(folder: string, output: Output): Promise<void> {
  const report = await checkExit(folder, (what) =>
    output.progress({ event: 'checking', what }, `checking ${terminalText(what)}`),
  );
  const { problems, unchecked, runs, models, files } = report;
  const ok = problems.length === 0;
  const lines = (name: string, found: typeof problems) =>
    found.map(({ place, problem }) => `${name}  ${terminalText(place)} ${terminalText(problem)}`);
  output.result(
    { event: 'exit-checked', ok, ...report },
    [
      ...runs.map(
        ({ run, rounds, base }) => `run ${run}: ${rounds} bases derived again, the last is ${base}`,
      ),
      ...models.map((place) => `model ${terminalText(place)}: as its lineage says`),
      ...lines('unchecked', unchecked),
      ...lines('problem', problems),
      ok ? `whole: ${files} files, ${bytes(report.bytes)}` : 'not whole',
    ].join('\n'),
  );
  if (!ok) process.exitCode = exit.verification;
}
