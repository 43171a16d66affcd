import type { ModelCardFacts } from '../../../client/formats/model-card.ts';
import type { RelayStatus } from '../../../relay/wire/status.ts';
import type { ContributeView } from '../contribute-view.ts';

/** A base that rounds have made. */
export interface MadeBase {
  /** Number of rounds that made it; 0 for the base that the run began with. */
  readonly round: number;
  /** Hex; null for the base that the run began with, which the manifest names. */
  readonly hash: string | null;
}

/**
 * The base to try: while the node works, the one that lies in this tab, which needs no download; else the relay's newest. Null before
 * a round has made one.
 */
export function newestBase(
  { activity, base }: Pick<ContributeView, 'activity' | 'base'>,
  status: RelayStatus | null,
): (MadeBase & { readonly hash: string }) | null {
  if (activity !== null && base !== null && base.round > 0) return base;
  if (status === null || status.base.round === 0) return null;
  const { round, hash } = status.base;
  return { round, hash };
}

/** The base from which the last round of `base` began; null if the history does not name it. */
export function baseBefore(base: MadeBase, { history }: Pick<RelayStatus, 'history'>): MadeBase | null {
  const round = base.round - 1;
  if (round === 0) return { round, hash: null };
  const made = history.find((row) => row.round === round);
  return made === undefined ? null : { round, hash: made.base };
}

/**
 * What the relay's status and this node tell a model card about a base. A held-out loss belongs to the base that opened its round, so
 * the relay knows it only after the round that followed it. Of the run's last base it knows none; the node has measured that on
 * its own corpus.
 */
export function cardFacts(
  { round, hash }: MadeBase,
  { history, run, totals }: RelayStatus,
  { corpus, lastBase }: Pick<ContributeView, 'corpus' | 'lastBase'>,
): Pick<ModelCardFacts, 'round' | 'contributions' | 'tokens' | 'corpora'> {
  const made = history.filter((row) => row.round <= round);
  const sum = (of: 'contributions' | 'tokens') => made.reduce((all, row) => all + row[of], 0);
  // The relay thins a long history, and counts over all of it.
  const { contributions, tokens } =
    made.length === round ? { contributions: sum('contributions'), tokens: sum('tokens') } : totals;
  const measured = (opened: number, corpus: number) =>
    history.find((row) => row.round === opened)?.heldOutLoss[corpus] ?? null;
  const own = lastBase?.hash === hash ? lastBase.heldOutLoss : null;
  const corpora = run.corpora.map((name, index) => {
    const known = measured(round + 1, index);
    const isOwn = known === null && own !== null && name === corpus;
    return { name, lossAtStart: measured(1, index), loss: isOwn ? own : known, isOwn };
  });
  return { round, contributions, tokens, corpora };
}
