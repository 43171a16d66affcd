import { byteTokenizer, type ModelTokenizer } from '../../../client/data/tokenizer.ts';
import { tokenizerFromFile } from '../../../client/data/tokenizer-file.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { maxTokenizerBytes } from '../../../client/formats/tokenizer-json.ts';
import { NotRead, readRegularFile } from '../../../client/host/regular-file.ts';
import type { Relay } from '../../../relay/server/server.ts';
import { toHex } from '../../../relay/wire/hex.ts';

/** The tokenizer of a relay's run. Throws `run.damaged` when its file is missing. */
export async function tokenizerOf(relay: Relay): Promise<ModelTokenizer> {
  return tokenizerOfFile(await tokenizerFileOf(relay), relay.manifest.model.vocabularySize);
}

/** The tokenizer that a run's tokenizer file holds; of no file, the bytes'. */
export function tokenizerOfFile(
  file: Uint8Array<ArrayBuffer> | null,
  vocabularySize: number,
): ModelTokenizer {
  return file === null ? byteTokenizer : tokenizerFromFile(file, { vocabularySize });
}

/** The tokenizer file of a relay's run; null where it has none. Throws `run.damaged` when it is missing. */
export async function tokenizerFileOf(relay: Relay): Promise<Uint8Array<ArrayBuffer> | null> {
  const { tokenizer } = relay.manifest;
  if (tokenizer.case === 'bytes') return null;
  const file = await relay.blob(toHex(tokenizer.value.hash));
  if (file === null)
    throw new TapestryError(
      'run.damaged',
      'The tokenizer file that the manifest names is missing.',
      'Put the folder back from a copy.',
    );
  return file;
}

/** Reads a tokenizer.json. Throws `tokenizer.*`. */
export async function readTokenizer(path: string): Promise<ModelTokenizer> {
  try {
    return tokenizerFromFile(await readRegularFile(path, maxTokenizerBytes));
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
    throw new TapestryError(
      'tokenizer.unreadable',
      `${printable(path)} is no regular file that can be read, of at most ${maxTokenizerBytes} bytes.`,
      'Give the tokenizer.json of a model.',
      { cause: error },
    );
  }
}
