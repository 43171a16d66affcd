import { modelConfigOf } from '../../../client/contribute/run-model.ts';
import { loadNation } from '../../../client/data/udhr/nations.ts';
import { mean } from '../../../client/mean.ts';
import type { Relay } from '../../../relay/server/server.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import { type CorpusLoss, exportBase, writeBaseInThread } from '../run/export-base.ts';
import { heldOutLosses } from '../run/held-out-losses.ts';
import { tokenizerOf } from '../run/run-tokenizer.ts';
import type { Fact, Output } from '../terminal/output.ts';
import { bytes, loss, quantity } from '../terminal/table.ts';
import { shellWord } from '../terminal/terminal-text.ts';

/** At most this many batches of a corpus's held-out text: some 8,000 tokens, a few seconds without a GPU. */
const maxBatches = 8;

/** Measures the first and the last base on every corpus's held-out text, and exports the last as a model folder. */
export async function summarize(
  relay: Relay,
  folder: string,
  output: Output,
): Promise<{ fact: Fact; text: string }> {
  const { manifest } = relay;
  output.log('measuring the first and the last base on the held-out text of every corpus');
  const corpora = await Promise.all(manifest.corpora.map(loadNation));
  const first = await fetchBase(relay, toHex(manifest.initialBase));
  const last = await relay.base();
  const models = [first, last.parameters];
  const config = modelConfigOf(manifest.model);
  const measured = await heldOutLosses(config, await tokenizerOf(relay), models, corpora, maxBatches);
  const [starts = [], ends = []] = measured;
  const losses: CorpusLoss[] = manifest.corpora.map((name, index) => ({
    name,
    lossAtStart: starts[index] ?? null,
    loss: ends[index] ?? null,
  }));
  const { rounds, base, baseHash } = await exportBase(relay, folder, losses, undefined, writeBaseInThread);
  const { tokens, bytesUp, bytesDown, bytesDataParallel } = relay.status().totals;
  const [lossStart, lossEnd] = [mean(starts), mean(ends)];
  const text = [
    `${rounds} rounds, ${quantity(tokens)} tokens, ${bytes(bytesUp)} up, ${bytes(bytesDown)} down.`,
    `Held-out loss ${loss(lossStart)} -> ${loss(lossEnd)} nats a byte:`,
    ...losses.map((corpus) => `  ${corpus.name}: ${loss(corpus.lossAtStart)} -> ${loss(corpus.loss)}`),
    `The base is in ${base}; try:`,
    `  npx tapestry generate --model ${shellWord(folder)} --prompt 'All human beings '`,
  ].join('\n');
  const fact = { event: 'summary', rounds, lossStart, lossEnd, tokens, bytesUp, base, baseHash };
  return { fact: { ...fact, bytesDown, bytesDataParallel, corpora: losses }, text };
}

/** A base by its hash, as anyone gets it. */
async function fetchBase(relay: Relay, hash: string): Promise<Float32Array<ArrayBuffer>> {
  const answer = await fetch(new URL(`/blobs/${hash}`, relay.url));
  if (!answer.ok) throw new Error(`the relay answered ${answer.status} for base ${hash}`);
  return new Float32Array(await answer.arrayBuffer());
}
