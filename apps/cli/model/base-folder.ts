import { createReadStream } from 'node:fs';
import { lstat, mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { printable, TapestryError } from '../../../client/errors.ts';
import { encodeJson, parseJson } from '../../../client/formats/json.ts';
import type { ModelCardFacts } from '../../../client/formats/model-card.ts';
import { encodeBaseFolder, filesOf, modelFileNames } from '../../../client/formats/model-folder.ts';
import { readRegularFile } from '../../../client/host/regular-file.ts';
import type { Model } from '../../../client/model/files/read-model.ts';
import { nodeFiles, writeDurably } from '../../../relay/storage/files.ts';
import { hashOfBytes, hashOfStream } from '../../../relay/storage/sha256.ts';

/**
 * The file that marks a folder as one that a run writes its base to. It lists the hashes of the files that the run wrote, so
 * that a file which somebody put there or changed is never replaced or removed.
 */
const mark = 'tapestry-base.json';

const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const markSchema = v.strictObject({ run: hash, files: v.record(v.string(), v.array(hash)) });
type Mark = v.InferOutput<typeof markSchema>;

/**
 * Writes a base as a model folder, made if need be: each file is written beside the old one, synced, and renamed into its
 * place. Other files in the folder stay.
 * @throws TapestryError as `requireBaseFolder`
 */
export async function saveBase(folder: string, model: Model, facts: ModelCardFacts): Promise<void> {
  const { config, layout, parameters, tokenizer } = model;
  await requireBaseFolder(folder, facts.run);
  const files = filesOf(encodeBaseFolder(config, layout, parameters, tokenizer, facts));
  const before = (await markOf(folder))?.files ?? {};
  const fresh = files.map(([name, bytes]) => [name, hashOfBytes(bytes)] as const);
  await mkdir(folder, { recursive: true });
  const markAs = (hashes: Mark['files']) =>
    writeDurably(nodeFiles, folder, mark, encodeJson({ run: facts.run, files: hashes }));
  // A crash between the files leaves old and new ones, and all of them are the run's.
  await markAs(Object.fromEntries(fresh.map(([name, made]) => [name, [...(before[name] ?? []), made]])));
  for (const [name, bytes] of files) await writeDurably(nodeFiles, folder, name, bytes);
  await markAs(Object.fromEntries(fresh.map(([name, made]) => [name, [made]])));
}

/**
 * Checks that a base of `run` (its id in hex) may be written to a folder: each of its files that is there was written by the
 * same run and is unchanged.
 * @throws TapestryError `model.foreign-folder`
 */
export async function requireBaseFolder(folder: string, run: string): Promise<void> {
  const marked = await markOf(folder);
  const foreign = await filesThat(
    folder,
    (name, made) => marked?.run !== run || !marked.files[name]?.includes(made),
  );
  if (foreign.length === 0) return;
  throw new TapestryError(
    'model.foreign-folder',
    `${printable(folder)} holds files that this run did not write, or that were changed since: ${foreign.join(', ')}.`,
    'Move them to another place, or name another folder with --data.',
  );
}

/** Removes the files of a base that a run wrote to a folder, and the folder if nothing else is in it. Other files stay. */
export async function removeBase(folder: string): Promise<void> {
  const marked = await markOf(folder);
  if (marked === null) return;
  const ours = await filesThat(folder, (name, made) => marked.files[name]?.includes(made) === true);
  for (const name of [...ours, mark]) await rm(join(folder, name), { force: true });
  if ((await readdir(folder)).length === 0) await rmdir(folder);
}

/** The names of a base's files in a folder for which `holds` is true. What is no regular file has no hash. */
async function filesThat(folder: string, holds: (name: string, hash: string) => boolean): Promise<string[]> {
  const found: string[] = [];
  for (const name of modelFileNames) {
    const path = join(folder, name);
    const about = await lstat(path).catch(() => null);
    if (about === null) continue;
    const made = about.isFile() ? await hashOfStream(createReadStream(path)) : '';
    if (holds(name, made)) found.push(name);
  }
  return found;
}

/** What the mark of a folder says; null for a folder that no run marked. */
async function markOf(folder: string): Promise<Mark | null> {
  try {
    return v.parse(markSchema, parseJson(await readRegularFile(join(folder, mark), 2 ** 16)));
  } catch {
    return null;
  }
}
