import type { Entry } from '../../relay/journal/entry.ts';
import type { Accepted } from '../../relay/journal/event-log.ts';
import { hashOfBytes } from '../../relay/storage/sha256.ts';
import { integersOf } from '../support/relay/integers.ts';
import { codec } from '../support/relay/run-support.ts';
import type { ModelState, OuterModel } from './outer-model.ts';

/**
 * The bases that a run must have, computed only from the journal's entries and in another way than the relay's: sums in
 * BigInt, an average in exact halves, and only the state of the outer step carried from one round to the next.
 */
export function modelBases(
  entries: readonly Entry[],
  initialBase: Float32Array,
  payload: (hash: string) => Uint8Array | null,
  outer: OuterModel,
): string[] {
  const bases: string[] = [];
  const zeros = () => [...initialBase].map(() => 0);
  let state: ModelState = { base: [...initialBase], momentum: zeros(), buffer: zeros() };
  let open: Accepted[] = [];
  for (const entry of entries) {
    if (entry.kind === 'round-opened') open = [];
    if (entry.kind === 'contribution-accepted') open.push(entry);
    if (entry.kind !== 'round-committed') continue;
    const sums = state.base.map(() => 0n);
    let tokens = 0n;
    for (const accepted of open) {
      const bytes = payload(accepted.body.payload);
      if (bytes === null) throw new Error(`payload ${accepted.body.payload} is lost`);
      const weight = BigInt(accepted.body.tokens);
      for (const [i, integer] of integersOf(codec, bytes, sums.length).entries())
        sums[i] = (sums[i] ?? 0n) + BigInt(integer) * weight;
      tokens += weight;
    }
    const deltas = sums.map((sum) => (Number(sum) * codec.unit) / Number(tokens));
    state = outer(state, deltas, bases.length + 1);
    bases.push(hashOfBytes(new Uint8Array(new Float32Array(state.base).buffer)));
  }
  return bases;
}

/** Checks the invariants of a journal, which must hold after any sequence of faults. */
export function checkHistory(
  entries: readonly Entry[],
  acknowledged: readonly { key: string; payload: string; sequence: number; round: number; attempt: number }[],
  { quorum, staleness }: { readonly quorum: number; readonly staleness: number },
): void {
  const attempts = new Map<number, number>();
  /** The rounds in whose bases payloads are, and the keys' work on each round. */
  const applied = new Map<string, number>();
  let attempt = 0;
  let accepted: Accepted[] = [];
  let closed: number[] | null = null;
  let keys = new Set<string>();
  for (const entry of entries) {
    switch (entry.kind) {
      case 'round-opened':
      case 'round-abandoned':
        accepted = [];
        keys = new Set();
        closed = null;
        attempt = entry.body.attempt;
        break;
      case 'contribution-accepted':
        if (closed !== null) throw new Error(`entry ${entry.sequence} came after its round was closed`);
        for (const name of [entry.body.key, entry.body.payload]) {
          if (keys.has(name)) throw new Error(`${name} is in a round twice`);
          keys.add(name);
        }
        accepted.push(entry);
        attempts.set(entry.sequence, attempt);
        break;
      case 'round-closed':
        closed = accepted.map(({ sequence }) => sequence);
        break;
      case 'round-committed': {
        const { contributions, last } = entry.body;
        if (closed?.length !== contributions || closed.at(-1) !== last) {
          throw new Error('a commit left out what was accepted, or added');
        }
        if (contributions < quorum) throw new Error('a commit below the quorum');
        for (const { body } of accepted)
          for (const name of [body.payload, `${body.key} from round ${body.round}`]) {
            // Later a node may contribute the same values again, to a round of which they are its work.
            if ((applied.get(name) ?? Number.NEGATIVE_INFINITY) >= entry.body.round - staleness)
              throw new Error(`${name} is applied twice`);
            applied.set(name, entry.body.round);
          }
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
