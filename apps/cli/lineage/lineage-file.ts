import { join } from 'node:path';
import { printable, TapestryError } from '../../../client/errors.ts';
import {
  type Lineage,
  lineageFile,
  maxLineageBytes,
  parseLineage,
} from '../../../client/formats/lineage/lineage.ts';
import { NotRead, readRegularFile } from '../../../client/host/regular-file.ts';

/** The path of the lineage of a model's folder, or of its single file. */
export function lineagePath(model: string): string {
  return model.endsWith('.gguf') ? `${model}.${lineageFile}` : join(model, lineageFile);
}

/** Reads the lineage of a model; null if it has none. Throws `lineage.damaged` or `lineage.unreadable`. */
export async function readLineage(model: string): Promise<Lineage | null> {
  const path = lineagePath(model);
  try {
    return parseLineage(await readRegularFile(path, maxLineageBytes));
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
    if (error.reason === 'missing') return null;
    throw new TapestryError(
      'lineage.unreadable',
      `${printable(path)} is no regular file of at most ${maxLineageBytes} bytes that can be read.`,
      'Get the folder again.',
      { cause: error },
    );
  }
}
