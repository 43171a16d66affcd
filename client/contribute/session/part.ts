import type { PartName } from '../../../relay/wire/fragments.ts';
import type { PartReason, PlanTimes } from '../events.ts';
import { mostFollowed } from './following.ts';

/** The upper layers that a run grants to a node that is too slow for the whole model, as this node finds them. */
export interface GrantedPart {
  /** How many of the model's layers they are. */
  readonly layers: number;
  readonly of: number;
  /** How many times their training, and their upload, the whole model takes: by computation, and by length. */
  readonly trainingRatio: number;
  readonly uploadRatio: number;
  /** Whether the relay plans the rounds, so that numbers decide. */
  readonly isTimed: boolean;
  /** False where the device lacks the memory to train the whole model, which takes so many bytes; null if that is not known. */
  readonly fitsWhole: boolean;
  readonly trainingBytes: number | null;
}

/** What a node trains from its next round on. */
export interface PartChoice {
  readonly part: PartName;
  readonly granted: GrantedPart;
  /** The first round of it; null before the first plan. */
  readonly since: number | null;
  /** The newest round whose plan had room for the whole model, and how many in a row had, up to it. */
  readonly roomy: { readonly round: number; readonly count: number };
  /** In a run without plans: rounds until the node tries the whole model again, and for how many it waited the last time. */
  readonly trial: { readonly left: number; readonly waited: number };
}

/** A choice, and why it is another one than before; null if it is not. */
export type Chosen = readonly [PartChoice, PartReason | null];

/**
 * A node goes back to the whole model once it would fit with this much to spare (the relay plans a round with as much for its slowest node),
 * in so many rounds in a row: a round that is long by chance must not make it change twice, because each change compiles a step anew.
 */
const margin = 1.25;
const mostRoomy = 2;

/** Without plans it waits for so many rounds before it tries, and twice as many after each trial that is too slow, up to `mostFollowed`. */
const leastWaited = 4;

/** The choice of a node that trains `part` when it opens the run's model. */
export function choiceOf(granted: GrantedPart, part: PartName): PartChoice {
  return {
    part,
    granted,
    since: null,
    roomy: { round: 0, count: 0 },
    trial: { left: leastWaited, waited: leastWaited },
  };
}

/** The choice after the plan of a round, by the times that the relay measured of this node: those of the part that it trained last. */
export function afterPlan(before: PartChoice, round: number, times: PlanTimes): Chosen {
  const since = before.since ?? round;
  const choice: PartChoice = { ...before, since };
  const { part, granted, roomy } = choice;
  const { trainingMilliseconds: training, uploadMilliseconds: upload } = times;
  const lasts = times.plannedMilliseconds + times.graceMilliseconds;
  const needing = (trainingNeeds: number, uploadNeeds: number): PartReason => ({
    ...{ kind: 'time', lastsMilliseconds: lasts },
    ...{ trainingMilliseconds: Math.round(trainingNeeds), uploadMilliseconds: Math.round(uploadNeeds) },
  });
  if (part === 'whole') {
    // The plan after its first round has the time in it that the step took to compile.
    const isMeasured = round > since + 1;
    return times.tooShort && isMeasured ? [upper(choice, round), needing(training, upload)] : [choice, null];
  }
  if (!granted.fitsWhole || training === 0 || roomy.round === round) return [choice, null];
  const [wholeTraining, wholeUpload] = [training * granted.trainingRatio, upload * granted.uploadRatio];
  if (margin * (wholeTraining + wholeUpload) > lasts)
    return [{ ...choice, roomy: { round, count: 0 } }, null];
  const count = roomy.count + 1;
  if (count < mostRoomy) return [{ ...choice, roomy: { round, count } }, null];
  return [{ ...choiceOf(granted, 'whole'), since: round + 1 }, needing(wholeTraining, wholeUpload)];
}

/** The choice of a node whose work on the whole model was late in `rounds` rounds in a row, up to `round`; null if it has no part to go to. */
export function afterLate(choice: PartChoice | null, round: number, rounds: number): Chosen | null {
  if (choice === null || choice.part === 'upper') return null;
  const { waited, left } = choice.trial;
  // A trial that was late as well.
  const next = left > 0 ? leastWaited : Math.min(mostFollowed, 2 * waited);
  return [
    { ...upper(choice, round), trial: { left: next, waited: next } },
    { kind: 'late', rounds },
  ];
}

/** The choice after a round was committed: without plans, the node tries the whole model now and then. */
export function afterCommit(choice: PartChoice): Chosen {
  const { part, granted, trial } = choice;
  if (part === 'whole' || granted.isTimed || !granted.fitsWhole) return [choice, null];
  const left = trial.left - 1;
  if (left > 0) return [{ ...choice, trial: { ...trial, left } }, null];
  return [{ ...choiceOf(granted, 'whole'), trial: { ...trial, left: 0 } }, { kind: 'trial' }];
}

/** The choice after the relay accepted a contribution: the whole model is in time now, if the node only tried it. */
export function afterAccepted(choice: PartChoice): PartChoice {
  const { part, trial } = choice;
  return part === 'whole' && trial.left === 0
    ? { ...choice, trial: { left: leastWaited, waited: leastWaited } }
    : choice;
}

function upper(choice: PartChoice, round: number): PartChoice {
  return { ...choice, part: 'upper', since: round + 1, roomy: { round: 0, count: 0 } };
}
