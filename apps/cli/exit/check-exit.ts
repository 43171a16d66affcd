import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { modelParentage } from '../../../client/derive/lineage.ts';
import { TapestryError } from '../../../client/errors.ts';
import type { Lineage } from '../../../client/formats/lineage/lineage.ts';
import { parametersHash } from '../../../client/formats/model-folder.ts';
import { NotRead, readRegularFile } from '../../../client/host/regular-file.ts';
import type { LoadedModel } from '../../../client/model/files/read-model.ts';
import { hashOfStream } from '../../../relay/storage/sha256.ts';
import { type CommittedBases, committedBases } from '../../../relay/verify/committed-bases.ts';
import { folderSource } from '../../../relay/verify/folder-source.ts';
import type { Finding } from '../../../relay/verify/problems.ts';
import { type VerifyReport, verifyRun } from '../../../relay/verify/verify.ts';
import { checkLineage } from '../lineage/check-lineage.ts';
import { readLineage } from '../lineage/lineage-file.ts';
import { loadAdapter } from '../model/adapter-folder.ts';
import { loadAnyModel } from '../model/model-folder.ts';
import { type ExitList, exitFile, maxExitListBytes, parseExitList } from './exit-list.ts';

/** What was proved of an exit's folder. */
export interface ExitReport {
  /** The public key that signed the list. */
  readonly key: string;
  readonly files: number;
  readonly bytes: number;
  readonly runs: readonly { readonly run: string; readonly rounds: number; readonly base: string }[];
  /** Models and adapters whose values have the hash in their signed record. */
  readonly models: readonly string[];
  readonly problems: readonly Finding[];
  /** What could not be checked, and why. */
  readonly unchecked: readonly Finding[];
}

/**
 * Proves an exit's folder whole, with nothing but the folder: every file by its hash, every run by deriving its bases again,
 * every model by its lineage back to those runs. `onStep` is told what is checked next.
 * @throws TapestryError `exit.missing` or `verify.exit-list`
 */
export async function checkExit(folder: string, onStep: (what: string) => void): Promise<ExitReport> {
  const list = await readList(folder);
  onStep(`${list.files.length} files`);
  const problems = await fileProblems(folder, list);
  const runs: ExitReport['runs'][number][] = [];
  const models: string[] = [];
  const unchecked: Finding[] = [];
  const journals: CommittedBases[] = [];
  const parts = (kind: string) => list.parts.filter((part) => part.kind === kind);
  const attempt = async (place: string, check: () => Promise<void>) => {
    onStep(place);
    try {
      await check();
    } catch (error) {
      if (!(error instanceof TapestryError)) throw error;
      problems.push({ place, problem: error.message });
    }
  };
  for (const { folder: place } of parts('run'))
    await attempt(place, async () => {
      const { problems: found, run, rounds, base } = await verified(join(folder, place));
      problems.push(...found.map((each) => ({ ...each, place: `${place}/${each.place}` })));
      if (found.length > 0) return;
      runs.push({ run: run ?? '', rounds, base: base ?? '' });
      journals.push(await committedBases(folderSource(join(folder, place))));
    });
  /** Checks a lineage, of values that are null for an adapter whose model is not beside it. */
  const hold = async (place: string, lineage: Lineage, values: Float32Array<ArrayBuffer> | null) => {
    const found = await checkLineage(lineage, values && parametersHash(values), journals);
    problems.push(...found.problems.map((problem) => ({ place, problem })));
    unchecked.push(...found.unchecked.map((problem) => ({ place, problem })));
    if (found.problems.length === 0) models.push(place);
  };
  for (const { kind, folder: part } of [...parts('model'), ...parts('adapter')]) {
    const gguf = list.files.find(({ path }) => path.startsWith(`${part}/`) && path.endsWith('.gguf'))?.path;
    const place = gguf ?? part;
    await attempt(place, async () => {
      // A build that is not finished has a state and no weights yet.
      const isUnfinished = !list.files.some(({ path }) => path === `${part}/config.json`);
      if (kind === 'model' && gguf === undefined && isUnfinished) return;
      const lineage = await readLineage(join(folder, place));
      if (kind === 'adapter' || lineage?.record.kind === 'adapter') {
        if (lineage === null) unchecked.push({ place, problem: 'has no lineage' });
        else await hold(place, lineage, null);
        return;
      }
      const model = await loadAnyModel(join(folder, place));
      if (lineage !== null) await hold(place, lineage, model.parameters);
      else if (await isCommitted(place, model, journals)) models.push(place);
      else unchecked.push({ place, problem: 'has no lineage' });
      const adapters = list.files.flatMap(({ path }) => /^(.*)\/adapter_config\.json$/.exec(path)?.[1] ?? []);
      for (const at of adapters.filter((each) => each.startsWith(`${part}/`))) {
        const own = await readLineage(join(folder, at));
        const { adapter } = await loadAdapter(join(folder, at), model);
        if (own === null) unchecked.push({ place: at, problem: 'has no lineage' });
        else await hold(at, own, new Float32Array(adapter.values));
      }
    });
  }
  const bytes = list.files.reduce((sum, file) => sum + file.bytes, 0);
  return { key: list.key, files: list.files.length, bytes, runs, models, unchecked, problems };
}

/** Whether a model without lineage is a base that one of the journals committed, as its file says. */
async function isCommitted(
  place: string,
  model: LoadedModel,
  journals: readonly CommittedBases[],
): Promise<boolean> {
  const { weights, run } = (await modelParentage(null, model, place)).parent;
  if (run === null) return false;
  return journals.some(({ run: id, bases }) => id === run.id && bases[run.round] === weights);
}

async function readList(folder: string): Promise<ExitList> {
  try {
    return await parseExitList(await readRegularFile(join(folder, exitFile), maxExitListBytes));
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
    throw new TapestryError(
      'exit.missing',
      `The folder has no ${exitFile} that can be read: it is no exit, or was not written to its end.`,
      'Name a folder that `tapestry exit --out` wrote.',
      { cause: error },
    );
  }
}

/** Files that are missing, changed or not listed. */
async function fileProblems(folder: string, { files }: ExitList): Promise<Finding[]> {
  const problems: Finding[] = [];
  for (const { path, bytes, hash } of files) {
    const about = await lstat(join(folder, path)).catch(() => null);
    if (about === null || !about.isFile()) problems.push({ place: path, problem: 'is missing' });
    else if (about.size !== bytes || (await hashOfStream(createReadStream(join(folder, path)))) !== hash)
      problems.push({ place: path, problem: 'was changed' });
  }
  const listed = new Set([exitFile, ...files.map(({ path }) => path)]);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name).slice(join(folder, '/').length).replaceAll('\\', '/');
    if (!listed.has(path)) problems.push({ place: path, problem: 'is not in the list' });
  }
  return problems;
}

async function verified(run: string): Promise<VerifyReport> {
  const verification = verifyRun(folderSource(run));
  for (;;) {
    const { done, value } = await verification.next();
    if (done) return value;
  }
}
