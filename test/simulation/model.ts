import type { Entry } from '../../relay/entries.ts';
import { hashOfBytes } from '../../relay/store.ts';
import { decodeDense } from '../../relay/wire/dense.ts';
import { codec } from '../relay/run-support.ts';

/**
 * What the bases of a run must be, computed from the journal's words alone and another way than the relay does: sums in
 * BigInt, an average in exact halves, and nothing kept from one round to the next but base and momentum.
 */
export function modelBases(
  entries: readonly Entry[],
  initialBase: Float32Array,
  payload: (hash: string) => Uint8Array | null,
): string[] {
  const bases: string[] = [];
  let base = [...initialBase];
  let momentum = base.map(() => 0);
  for (const commit of entries) {
    if (commit.kind !== 'round-committed') continue;
    const sums = base.map(() => 0n);
    let tokens = 0n;
    for (const sequence of commit.body.contributions) {
      const accepted = entries[sequence - 1];
      if (accepted?.kind !== 'contribution-accepted') throw new Error(`entry ${sequence} is no contribution`);
      const bytes = payload(accepted.body.payload);
      if (bytes === null) throw new Error(`payload ${accepted.body.payload} is lost`);
      const weight = BigInt(accepted.body.tokens);
      decodeDense(bytes, base.length, codec).forEach((integer, i) => {
        sums[i] = (sums[i] ?? 0n) + BigInt(integer) * weight;
      });
      tokens += weight;
    }
    const deltas = sums.map((sum) => (Number(sum) * 2 ** codec.exponent) / Number(tokens));
    momentum = momentum.map((velocity, i) => Math.fround(0.9 * velocity + (deltas[i] ?? 0)));
    base = base.map((value, i) => Math.fround(value - 0.7 * ((deltas[i] ?? 0) + 0.9 * (momentum[i] ?? 0))));
    bases.push(hashOfBytes(new Uint8Array(new Float32Array(base).buffer)));
  }
  return bases;
}

/** Everything that must hold of a journal whatever happened while it was written. */
export function checkHistory(
  entries: readonly Entry[],
  acknowledged: readonly { key: string; payload: string; sequence: number; round: number; attempt: number }[],
  quorum: number,
): void {
  const applied = new Set<number>();
  const attempts = new Map<number, number>();
  let attempt = 0;
  let accepted: number[] = [];
  let keys = new Set<string>();
  for (const entry of entries) {
    if (entry.kind === 'round-opened' || entry.kind === 'round-abandoned') {
      accepted = [];
      keys = new Set();
      attempt = entry.body.attempt;
    } else if (entry.kind === 'contribution-accepted') {
      if (keys.has(entry.body.key)) throw new Error(`${entry.body.key} contributed twice to a round`);
      keys.add(entry.body.key);
      accepted.push(entry.sequence);
      attempts.set(entry.sequence, attempt);
    } else if (entry.kind === 'round-committed') {
      const { contributions } = entry.body;
      if (contributions.join() !== accepted.join())
        throw new Error('a commit left out what was accepted, or added');
      if (contributions.length < quorum) throw new Error('a commit below the quorum');
      for (const sequence of contributions) {
        if (applied.has(sequence)) throw new Error(`entry ${sequence} was applied twice`);
        applied.add(sequence);
      }
      accepted = [];
    }
  }
  for (const { key, payload, sequence, round, attempt } of acknowledged) {
    const entry = entries[sequence - 1];
    const kept =
      entry?.kind === 'contribution-accepted' &&
      entry.body.key === key &&
      entry.body.payload === payload &&
      entry.body.round === round &&
      attempts.get(sequence) === attempt;
    if (!kept) throw new Error(`what entry ${sequence} acknowledged is lost`);
  }
}
