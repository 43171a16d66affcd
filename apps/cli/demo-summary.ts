import { loadNation } from '../../client/data/nations.ts';
import type { Relay } from '../../relay/server.ts';
import { toHex } from '../../relay/wire/hex.ts';
import { exportBase, type NationLoss } from './export-base.ts';
import { heldOutLosses, mean } from './held-out.ts';
import type { Fact, Output } from './output.ts';
import { modelConfigOf } from './run-model.ts';
import { bytes, loss, quantity } from './table.ts';

/** At most this many batches of a nation's held-out text: some 8,000 tokens, a few seconds without a GPU. */
const maxBatches = 8;

/** Measures the first and the last base on every nation's held-out text, and writes the last as a model folder. */
export async function summarize(
  relay: Relay,
  folder: string,
  output: Output,
): Promise<{ fact: Fact; text: string }> {
  const { manifest } = relay;
  output.log('measuring the first and the last base on the held-out text of every nation');
  const corpora = await Promise.all(manifest.nations.map(loadNation));
  const first = await fetchBase(relay, toHex(manifest.initialBase));
  const last = await relay.base();
  const models = [first, last.parameters];
  const [starts = [], ends = []] = await heldOutLosses(modelConfigOf(manifest), models, corpora, maxBatches);
  const nations: NationLoss[] = manifest.nations.map((name, index) => ({
    name,
    lossAtStart: starts[index] ?? null,
    loss: ends[index] ?? null,
  }));
  const { rounds, base, baseHash } = await exportBase(relay, folder, nations);
  const { tokens, contributions, bytesDown, bytesDataParallel, ...totals } = relay.status().totals;
  // The relay counts bytes since it started; of what came before, the journal knows the payloads.
  const bytesUp = Math.max(totals.bytesUp, contributions * manifest.limits.payloadBytes);
  const [lossStart, lossEnd] = [mean(starts), mean(ends)];
  const text = [
    `${rounds} rounds, ${quantity(tokens)} tokens, ${bytes(bytesUp)} up, ${bytes(bytesDown)} down.`,
    `Held-out loss ${loss(lossStart)} -> ${loss(lossEnd)} nats a byte:`,
    ...nations.map((nation) => `  ${nation.name}: ${loss(nation.lossAtStart)} -> ${loss(nation.loss)}`),
    `The base is in ${base}; try:`,
    `  npm run tapestry -- generate --model ${folder} --prompt 'All human beings '`,
  ].join('\n');
  const fact = { event: 'summary', rounds, lossStart, lossEnd, tokens, bytesUp, base, baseHash };
  return { fact: { ...fact, bytesDown, bytesDataParallel, nations }, text };
}

/** A base by its hash, as anyone gets it. */
async function fetchBase(relay: Relay, hash: string): Promise<Float32Array<ArrayBuffer>> {
  const answer = await fetch(new URL(`/blobs/${hash}`, relay.url));
  if (!answer.ok) throw new Error(`the relay answered ${answer.status} for base ${hash}`);
  return new Float32Array(await answer.arrayBuffer());
}
