import { modelConfigOf } from '../../../../client/contribute/run-model.ts';
import { TextBytes } from '../../../../client/data/text-bytes.ts';
import type { Tokenizer } from '../../../../client/data/tokenizer.ts';
import type { Tokens } from '../../../../client/data/tokens.ts';
import { loadNation } from '../../../../client/data/udhr/nations.ts';
import { printable, TapestryError } from '../../../../client/errors.ts';
import { NotRead, readRegularFile, whyNotRead } from '../../../../client/host/regular-file.ts';
import type { Evaluate } from '../../../../relay/run/guard/guard.ts';
import { tokensOfProbe } from '../../../../relay/run/guard/probe-bytes.ts';
import { siblingProgram } from '../../program.ts';
import type { Probe } from '../new-run.ts';
import type { RunFlags } from '../run-flags.ts';
import { askThread } from '../thread.ts';

/** Tokens of a probe: few, because the relay measures each base on them before it commits. */
const probeTokens = 257;

/** Corpora that a probe takes text from, at most. */
const probedCorpora = 8;

const maxProbeFile = 16 * 1024 * 1024;

/** Measures a base in a thread of its own. */
export const evaluateInThread: Evaluate = async (manifest, parameters, probe) => {
  const request = { config: modelConfigOf(manifest.model), parameters, tokens: tokensOfProbe(probe) };
  return Number(await askThread(siblingProgram('probe-worker'), request));
};

/** How much worse a base may be, in nats a token, than the best of so many newest ones; of all where it does not say. */
export type Tolerance = Pick<Probe, 'maxIncrease' | 'rounds'>;

/**
 * The guard of a new run. `usual` holds where the flags do not say. Without --probe the text is that of built-in corpora.
 * Throws `usage.probe`.
 */
export async function probeOf(
  { guard, probe: path }: Pick<RunFlags, 'guard' | 'probe'>,
  usual: Tolerance,
  tokenizer: Tokenizer,
  corpora: readonly string[],
): Promise<{ readonly probe?: Probe }> {
  if (guard === 'off') return {};
  const tokens = path === undefined ? corpusProbe(tokenizer, corpora) : fileProbe(tokenizer, path);
  return {
    probe: { ...usual, tokens: await tokens, ...(guard === undefined ? {} : { maxIncrease: guard }) },
  };
}

/** A probe of the held-out part of built-in corpora, which no node trains on. */
async function corpusProbe(tokenizer: Tokenizer, names: readonly string[]): Promise<Probe['tokens']> {
  const probed = names.slice(0, probedCorpora);
  const parts: Tokens[] = [];
  for (const name of probed) parts.push(await tokenizer.tokenize((await loadNation(name)).heldOut));
  return pieces(parts);
}

/** A probe of a text file, from its beginning, middle and end. Throws `usage.probe`. */
async function fileProbe(tokenizer: Tokenizer, path: string): Promise<Probe['tokens']> {
  const text = new TextBytes();
  try {
    text.add(new TextDecoder().decode(await readRegularFile(path, maxProbeFile)));
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
    throw unusable(path, whyNotRead(error, maxProbeFile), error);
  }
  const tokens = await tokenizer.tokenize(text);
  if (tokens.length < 2) throw unusable(path, 'has no text');
  return pieces([tokens, tokens, tokens, tokens]);
}

/** Equal pieces, one of each body of text: the first from the beginning of its text, the last from the end. */
function pieces(texts: readonly Tokens[]): Uint32Array<ArrayBuffer> {
  const size = Math.ceil(probeTokens / texts.length);
  const taken = texts.map((tokens, i) => {
    const piece = new Uint32Array(Math.min(size, tokens.length));
    const last = tokens.length - piece.length;
    tokens.copy(Math.floor((last * i) / Math.max(1, texts.length - 1)), piece);
    return [...piece];
  });
  return Uint32Array.from(taken.flat().slice(0, probeTokens));
}

function unusable(path: string, why: string, cause?: unknown): TapestryError {
  return new TapestryError(
    'usage.probe',
    `--probe ${printable(path)} ${why}.`,
    'Give a file of plain text like that of the run, which no node trains on.',
    { cause },
  );
}
