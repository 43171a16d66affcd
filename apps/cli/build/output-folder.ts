import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { buildFiles } from '../../../client/derive/build/build.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { encodeJson, parseJson } from '../../../client/formats/json.ts';
import {
  encodeLineage,
  type Lineage,
  lineageFile,
  parseLineage,
} from '../../../client/formats/lineage/lineage.ts';
import type { BuildRecord, RebaseRecord } from '../../../client/formats/lineage/record.ts';
import { filesOf, type ModelFolder } from '../../../client/formats/model-folder.ts';
import { diskFiles } from '../../../client/host/disk.ts';
import type { Files } from '../../../client/runtime.ts';

/** The file that marks a folder as that of a build, and says whether it is done. */
const mark = 'tapestry-build.json';

const referencesFolder = 'references';

const markSchema = v.strictObject({ build: v.string(), done: v.boolean() });

/** A build's folder. */
export interface OutputFolder {
  readonly files: Files;
  /** Files that can be computed again; they are removed when the build is done. */
  readonly references: Files;
  /** The record of the model that the folder holds if the build is complete; else null. */
  readonly done: BuildRecord | RebaseRecord | null;
  /** Writes the model, marks the build as done and removes its state. */
  finish(model: ModelFolder, lineage: Lineage): Promise<void>;
}

/**
 * Opens the folder of a build, and marks a new one.
 * @throws TapestryError `build.foreign-folder` if it holds files of anything else
 */
export async function openOutput(folder: string, build: string): Promise<OutputFolder> {
  const files = diskFiles(folder);
  const marked = await markOf(files);
  if (marked?.build !== build && (await namesIn(folder)).length > 0)
    throw new TapestryError(
      'build.foreign-folder',
      marked === null
        ? `${printable(folder)} holds files that no build wrote.`
        : `${printable(folder)} holds a build of another recipe, base or data.`,
      'Name another folder with --out, or move these files away.',
    );
  if (marked === null) await files.write(mark, encodeJson({ build, done: false }));
  return {
    files,
    references: diskFiles(join(folder, referencesFolder)),
    done: marked?.done ? await recordIn(files) : null,
    async finish(model, lineage) {
      await files.write(lineageFile, encodeLineage(lineage));
      for (const [name, bytes] of filesOf(model)) await files.write(name, bytes);
      await files.write(mark, encodeJson({ build, done: true }));
      await rm(join(folder, buildFiles.state), { force: true });
      await rm(join(folder, referencesFolder), { force: true, recursive: true });
    },
  };
}

async function recordIn(files: Files): Promise<BuildRecord | RebaseRecord> {
  const { record } = parseLineage((await files.read(lineageFile)) ?? new Uint8Array());
  if (record.made === 'build' || record.made === 'rebase') return record;
  throw new TapestryError(
    'lineage.damaged',
    `The folder is that of a build, and its lineage is of a model made by ${record.made}.`,
    'Build into another folder with --out.',
  );
}

async function markOf(files: Files): Promise<v.InferOutput<typeof markSchema> | null> {
  const bytes = await files.read(mark);
  try {
    return bytes && v.parse(markSchema, parseJson(bytes));
  } catch {
    return null;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}
