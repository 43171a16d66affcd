import { byteTokenizer, type ModelTokenizer } from '../../../client/data/tokenizer.ts';
import { tokenizerFromFile } from '../../../client/data/tokenizer-file.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { encodeTokenizerConfig, parseTokenizerConfig } from '../../../client/formats/tokenizer-config.ts';
import { maxTokenizerBytes } from '../../../client/formats/tokenizer-json.ts';
import { NotRead, readRegularFile, whyNotRead } from '../../../client/host/regular-file.ts';
import { sha256Hex } from '../../../client/sha256.ts';
import type { NewRun } from '../../../relay/run/run.ts';
import type { Relay } from '../../../relay/server/server.ts';
import { fromHex, toHex } from '../../../relay/wire/hex.ts';

/** The tokenizer of a relay's run. Throws `run.damaged` when its file is missing. */
export async function tokenizerOf(relay: Relay): Promise<ModelTokenizer> {
  return tokenizerOfFiles(await tokenizerFilesOf(relay), relay.manifest.model.vocabularySize);
}

/** The tokenizer.json and tokenizer_config.json of a run. */
export type TokenizerFiles = NonNullable<NewRun['tokenizer']>;

/** The tokenizer that a run's files hold; of no files, the bytes'. */
export function tokenizerOfFiles(files: TokenizerFiles | null, vocabularySize: number): ModelTokenizer {
  return files === null
    ? byteTokenizer
    : tokenizerFromFile(files.file, { ...parseTokenizerConfig(files.config), vocabularySize });
}

/** A new run's tokenizer: what its manifest says, and the files that this names. `contextLength` is in tokens. */
export function runTokenizer(
  tokenizer: ModelTokenizer,
  contextLength: number,
): {
  readonly manifest: NonNullable<NewRun['manifest']['tokenizer']>;
  readonly files: TokenizerFiles | undefined;
} {
  const { kind, chatTemplate, file } = tokenizer;
  if (kind === 'bytes' && chatTemplate === byteTokenizer.chatTemplate)
    return { manifest: { case: 'bytes', value: {} }, files: undefined };
  const config = encodeTokenizerConfig(tokenizer, contextLength);
  const value = {
    hash: fromHex(sha256Hex(file)),
    byteLength: file.length,
    configHash: fromHex(sha256Hex(config)),
    configByteLength: config.length,
  };
  return { manifest: { case: 'file', value }, files: { file, config } };
}

/** The tokenizer files of a relay's run; null where it has none. Throws `run.damaged` when one is missing. */
export async function tokenizerFilesOf(relay: Relay): Promise<TokenizerFiles | null> {
  const { tokenizer } = relay.manifest;
  if (tokenizer.case === 'bytes') return null;
  const { hash, configHash } = tokenizer.value;
  const [file, config] = await Promise.all([relay.blob(toHex(hash)), relay.blob(toHex(configHash))]);
  if (file === null || config === null)
    throw new TapestryError(
      'run.damaged',
      'A tokenizer file that the manifest names is missing.',
      'Put the folder back from a copy.',
    );
  return { file, config };
}

/** Reads a tokenizer.json. Throws `tokenizer.*`. */
export async function readTokenizer(path: string): Promise<ModelTokenizer> {
  try {
    return tokenizerFromFile(await readRegularFile(path, maxTokenizerBytes));
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
    throw new TapestryError(
      'tokenizer.unreadable',
      `${printable(path)} ${whyNotRead(error, maxTokenizerBytes)}.`,
      'Give the tokenizer.json of a model.',
      { cause: error },
    );
  }
}
