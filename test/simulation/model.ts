import { firstState, type OuterModel } from '../../apps/cli/simulate/invariants/outer-model.ts';
import type { Entry } from '../../relay/journal/entry.ts';
import type { Accepted } from '../../relay/journal/event-log.ts';
import { hashOfBytes } from '../../relay/storage/sha256.ts';
import { integersOf } from '../support/relay/integers.ts';
import { codec } from '../support/relay/run-support.ts';

/** What the bases of a run follow from, beside its journal and its payloads. */
export interface ModelRun {
  readonly initialBase: Float32Array;
  readonly outer: OuterModel;
  /** Where the upper layers begin; null in a run that grants no part. */
  readonly upperFrom: number | null;
  /** The least contributions that move a value. */
  readonly quorum: number;
}

/**
 * The bases that a run must have, computed only from the journal's entries and in another way than the relay's: exact sums in BigInt and tokens
 * of each value by itself, and only the state of the outer step carried from one round to the next.
 */
export function modelBases(
  entries: readonly Entry[],
  { initialBase, outer, upperFrom, quorum }: ModelRun,
  payload: (hash: string) => Uint8Array | null,
): string[] {
  const bases: string[] = [];
  let state = firstState([...initialBase]);
  let open: Accepted[] = [];
  for (const entry of entries) {
    if (entry.kind === 'round-opened') open = [];
    if (entry.kind === 'contribution-accepted') open.push(entry);
    if (entry.kind !== 'round-committed') continue;
    const sums = state.base.map(() => ({ sum: 0n, tokens: 0, contributions: 0 }));
    for (const { body } of open) {
      const bytes = payload(body.payload);
      if (bytes === null) throw new Error(`payload ${body.payload} is lost`);
      const weight = BigInt(body.tokens);
      const given = body.part === 'upper' ? sums.slice(upperFrom ?? 0) : sums;
      const integers = integersOf(codec, bytes, given.length);
      for (const [i, one] of given.entries()) {
        one.sum += BigInt(integers[i] ?? 0) * weight;
        one.tokens += body.tokens;
        one.contributions++;
      }
    }
    const rests = sums.map(({ contributions }) => contributions < quorum);
    const deltas = sums.map(({ sum, tokens }, i) => (rests[i] ? 0 : (Number(sum) * codec.unit) / tokens));
    // What too few contributed to rests, whatever its momentum.
    const moved = (next: readonly number[], before: readonly number[]) =>
      next.map((value, i) => (rests[i] ? (before[i] ?? 0) : value));
    const next = outer(state, deltas, bases.length + 1);
    state = {
      base: moved(next.base, state.base),
      momentum: moved(next.momentum, state.momentum),
      buffer: moved(next.buffer, state.buffer),
    };
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
