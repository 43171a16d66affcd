import { join } from 'node:path';
import { printable, TapestryError } from '../../../client/errors.ts';
import { NotRead, type OpenFile, openRegularFile, whyNotRead } from '../../../client/host/regular-file.ts';
import { requireLanguageModel, requireRewardModel } from '../../../client/model/config.ts';
import {
  type LoadedModel,
  maxWeightBytes,
  modelAdvice,
  readFolderModel,
  readGgufModel,
} from '../../../client/model/files/read-model.ts';

/**
 * Reads a language model: a GGUF file, or a folder.
 * @throws TapestryError `model.scores` for a reward model, or as `loadAnyModel`
 */
export async function loadModel(path: string): Promise<LoadedModel> {
  const model = await loadAnyModel(path);
  requireLanguageModel(model.config, printable(path));
  return model;
}

/**
 * Reads a reward model's folder.
 * @throws TapestryError `model.no-scores` for a language model, or as `loadAnyModel`
 */
export async function loadRewardModel(path: string): Promise<LoadedModel> {
  const model = await loadAnyModel(path);
  requireRewardModel(model.config, printable(path));
  return model;
}

/**
 * Reads a language model or a reward model: a GGUF file, or a folder.
 * @throws TapestryError `model.unreadable`, or as `readFolderModel` and `readGgufModel`
 */
export async function loadAnyModel(path: string): Promise<LoadedModel> {
  const opened: OpenFile[] = [];
  const open = async (file: string, most: number) => {
    try {
      const each = await openRegularFile(file, most);
      opened.push(each);
      return each;
    } catch (error) {
      if (error instanceof NotRead && error.reason === 'missing') return null;
      throw problemOf(file, most, error);
    }
  };
  try {
    if (!path.endsWith('.gguf'))
      return await readFolderModel({
        open: (name, most) => open(join(path, name), most),
        shown: (name) => join(path, name),
      });
    const source = await open(path, maxWeightBytes);
    if (source !== null) return await readGgufModel(source);
    throw new TapestryError('model.missing', `${printable(path)} is not there.`, modelAdvice);
  } finally {
    for (const file of opened) await file.close();
  }
}

function problemOf(path: string, most: number, error: unknown): unknown {
  if (!(error instanceof NotRead) || error.reason === 'missing') return error;
  return new TapestryError(
    'model.unreadable',
    `${printable(path)} ${whyNotRead(error, most)}.`,
    modelAdvice,
    {
      cause: error.cause,
    },
  );
}
