import type { Entry } from '../../relay/journal/entry.ts';
import type { Accepted } from '../../relay/journal/event-log.ts';
import { hashOfBytes } from '../../relay/storage/sha256.ts';
import { integersOf } from '../support/relay/integers.ts';
import { codec } from '../support/relay/run-support.ts';

/**
 * The bases that a run must have, computed only from the journal's entries and in another way than the relay's: sums in
 * BigInt, an average in exact halves, and only base and momentum carried from one round to the next.
 */
export function modelBases(
  entries: readonly Entry[],
  initialBase: Float32Array,
  payload: (hash: string) => Uint8Array | null,
): string[] {
  const bases: string[] = [];
  let base = [...initialBase];
  let momentum = base.map(() => 0);
  let open: Accepted[] = [];
  for (const entry of entries) {
    if (entry.kind === 'round-opened') open = [];
    if (entry.kind === 'contribution-accepted') open.push(entry);
    if (entry.kind !== 'round-committed') continue;
    const sums = base.map(() => 0n);
    let tokens = 0n;
    for (const accepted of open) {
      const bytes = payload(accepted.body.payload);
      if (bytes === null) throw new Error(`payload ${accepted.body.payload} is lost`);
      const weight = BigInt(accepted.body.tokens);
      for (const [i, integer] of integersOf(codec, bytes, base.length).entries())
        sums[i] = (sums[i] ?? 0n) + BigInt(integer) * weight;
      tokens += weight;
    }
    const deltas = sums.map((sum) => (Number(sum) * codec.unit) / Number(tokens));
    momentum = momentum.map((velocity, i) => Math.fround(0.9 * velocity + (deltas[i] ?? 0)));
    base = base.map((value, i) => Math.fround(value - 0.7 * ((deltas[i] ?? 0) + 0.9 * (momentum[i] ?? 0))));
    bases.push(hashOfBytes(new Uint8Array(new Float32Array(base).buffer)));
  }
  return bases;
}

/** Checks the invariants of a journal, which must hold after any sequence of faults. */
export function checkHistory(
  entries: readonly Entry[],
  acknowledged: readonly { key: string; payload: string; sequence: number; round: number; attempt: number }[],
  quorum: number,
): void {
  const attempts = new Map<number, number>();
  let attempt = 0;
  let accepted: number[] = [];
  let closed: number[] | null = null;
  let keys = new Set<string>();
  for (const entry of entries) {
    switch (entry.kind) {
      case 'round-opened':
      case 'round-abandoned':
        accepted = [];
        keys = new Set();
        attempt = entry.body.attempt;
        break;
      case 'contribution-accepted':
        if (closed !== null) throw new Error(`entry ${entry.sequence} came after its round was closed`);
        for (const name of [entry.body.key, entry.body.payload]) {
          if (keys.has(name)) throw new Error(`${name} is in a round twice`);
          keys.add(name);
        }
        accepted.push(entry.sequence);
        attempts.set(entry.sequence, attempt);
        break;
      case 'round-closed':
        closed = accepted;
        break;
      case 'round-committed': {
        const { contributions, last } = entry.body;
        if (closed?.length !== contributions || closed.at(-1) !== last) {
          throw new Error('a commit left out what was accepted, or added');
        }
        if (contributions < quorum) throw new Error('a commit below the quorum');
        accepted = [];
        closed = null;
        break;
      }
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
