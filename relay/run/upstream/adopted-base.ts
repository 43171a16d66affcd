import type { EntryOf } from '../../journal/entry.ts';
import type { WholeManifest } from '../../wire/frames.ts';
import { type Hash, toHex } from '../../wire/hex.ts';

/** A base that this run adopted after `committed` rounds of its own. */
export interface AdoptedBase {
  readonly committed: number;
  /** The rounds of the upstream run that made the base `upstream`, which holds the first `through` rounds of this run. */
  readonly round: number;
  readonly upstream: Hash;
  readonly through: number;
  /** What this run goes on from: the upstream base itself, unless the manifest has it mixed. */
  readonly base: Hash;
  /** The parameters from which the work that is not in `upstream` is sent up. */
  readonly reference: Hash;
  /** The blobs from which a verifier derives this one. */
  readonly evidence: readonly Hash[];
}

/** What the journal's entries before say: see relay/journal/replay.ts. */
interface Known {
  readonly run: { readonly manifest: Pick<WholeManifest, 'upstream' | 'mixing' | 'initialBase'> };
  readonly adopted: readonly AdoptedBase[];
  readonly committed: number;
  readonly history: readonly { readonly base: Hash }[];
}

/** The last one; the initial base before the first. */
export function lastAdopted({ adopted, run }: Pick<Known, 'adopted' | 'run'>): AdoptedBase {
  const last = adopted.at(-1);
  if (last !== undefined) return last;
  const base = toHex(run.manifest.initialBase);
  return { committed: 0, round: 0, upstream: base, through: 0, base, reference: base, evidence: [] };
}

/** The parameters up to which work is in an upstream base that holds `through` rounds: the current base when it was sent. */
export function sentBase(known: Pick<Known, 'adopted' | 'history' | 'run'>, through: number): Hash {
  const last = lastAdopted(known);
  if (through === last.through) return last.reference;
  return through === last.committed ? last.base : (known.history[through - 1]?.base ?? '');
}

/** Why an entry cannot adopt a base between two rounds; null if it can. */
export function adoptionProblem(
  known: Known,
  entry: EntryOf<'upstream-adopted' | 'upstream-mixed'>,
): { readonly field: string; readonly problem: string } | null {
  const { upstream, mixing } = known.run.manifest;
  if (upstream.length === 0)
    return { field: 'kind', problem: 'adopts a base, but the manifest names no upstream run' };
  if (mixing.length > 0 !== (entry.kind === 'upstream-mixed'))
    return { field: 'kind', problem: 'adopts a base in another way than the manifest has it' };
  const last = lastAdopted(known);
  if (entry.body.round < last.round)
    return { field: 'body.round', problem: 'is before the base that was adopted last' };
  if (entry.kind === 'upstream-adopted') return null;
  const { through } = entry.body;
  return through < last.through || through > known.committed
    ? { field: 'body.through', problem: `is ${through}, expected ${last.through} to ${known.committed}` }
    : null;
}

/** What an entry adopts, for which `adoptionProblem` is null. */
export function adoptedBy(
  known: Known,
  { kind, body }: EntryOf<'upstream-adopted' | 'upstream-mixed'>,
): AdoptedBase {
  const { committed } = known;
  const { round, base } = body;
  if (kind === 'upstream-adopted')
    return { committed, round, upstream: base, through: committed, base, reference: base, evidence: [base] };
  const { upstream, through, reference } = body;
  const evidence = [base, upstream, reference, sentBase(known, through)];
  return { committed, round, upstream, through, base, reference, evidence };
}
