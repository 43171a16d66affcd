import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlanTimes } from '../../client/contribute/events.ts';
import { returned } from '../../client/contribute/round/error-feedback.ts';
import { mostMissed } from '../../client/contribute/session/following.ts';
import { afterLate, afterPlan, choiceOf } from '../../client/contribute/session/part.ts';
import { mean } from '../../client/mean.ts';
import type { RoundTimes } from '../../relay/run/pace/plan.ts';
import { Run } from '../../relay/run/run.ts';
import { fragmentOf, type PartName } from '../../relay/wire/fragments.ts';
import type { NodeKey } from '../../relay/wire/hex.ts';
import { tokensOf } from '../../relay/wire/offer.ts';
import { type Federated, type FederatedOptions, openFederated } from '../federation/nodes.ts';
import { type MovedClock, type PacedNode, pacedRounds } from '../federation/paced.ts';
import { type Identity, identities, offer, upload } from '../growth/contributions.ts';

export interface PacingOptions extends Omit<FederatedOptions, 'nodes'> {
  /** Tokens a second of each node. */
  readonly speeds: readonly number[];
  /** Milliseconds from the opening of a round to the first step, and of an upload. */
  readonly overhead: number;
  readonly upload: number;
  /** Milliseconds for uploads while those are not measured; with fixed steps that wait for all it is ten minutes. */
  readonly grace: number;
  /** How many of the model's upper layers the run grants to a device that is too slow for the whole model; none unless given. */
  readonly upperLayers?: number;
}

/** A way to pace the rounds: timed; fixed steps with the usual grace; fixed steps, and a round waits for everybody. */
const ways = {
  timed: { pace: 'timed', graceShare: 50 },
  'timed, upper layers': { pace: 'timed', graceShare: 50 },
  fixed: { pace: 'fixed', graceShare: 50 },
  'fixed, waiting for all': { pace: 'fixed', graceMs: 600_000, graceShare: 99 },
} as const;
type Way = keyof typeof ways;

/** At most this many batches of each corpus's held-out text are measured. */
const maxBatches = 16;

/**
 * Nodes of these speeds train together in timed rounds, and then as many tokens in rounds of fixed steps. The training, the codec and the
 * relay's run are real; the time is virtual, so that the speeds are exact on any machine. Where the run grants upper layers, a device chooses its
 * part by the rules of a real node, and is as much faster in it as the part is less work. Yields each way's rounds, its time and the mean
 * held-out loss of its last base.
 */
export async function* pacing(options: PacingOptions): AsyncGenerator<object> {
  const { speeds, rounds } = options;
  const timed = await paced('timed', rounds, options);
  yield timed;
  if (options.upperLayers !== undefined) yield await paced('timed, upper layers', rounds, options);
  for (const way of ['fixed', 'fixed, waiting for all'] as const) {
    // The nodes that count in a round of fixed steps are always the same.
    const { tokens } = await paced(way, 1, options, { trains: false });
    yield await paced(way, Math.max(1, Math.round(timed.tokens / tokens)), options);
  }
  yield { bench: 'pacing', speeds, rounds };
}

class VirtualClock implements MovedClock {
  #milliseconds = 0;
  readonly now = () => this.#milliseconds;
  readonly elapsed = () => this.#milliseconds;

  pass(milliseconds: number): void {
    this.#milliseconds += milliseconds;
  }
}

async function paced(way: Way, rounds: number, options: PacingOptions, { trains = true } = {}) {
  const { speeds, steps, upperLayers, grace, ...others } = options;
  const upper = way === 'timed, upper layers' && upperLayers !== undefined ? { upperLayers } : {};
  const federated = await openFederated(
    { ...others, steps, rounds, nodes: speeds.length },
    { graceMs: grace, ...ways[way], ...upper, deadlineMs: 3_600_000 },
  );
  const folder = mkdtempSync(join(tmpdir(), 'tapestry-pacing-'));
  const clock = new VirtualClock();
  const run = await Run.open(folder, federated.created, clock);
  try {
    const keys = await identities(speeds.length);
    for (const [i, { key }] of keys.entries()) run.nodeJoined(key, i);
    const nodes = devices(run, federated, keys, options, trains);
    const upperRounds = speeds.map(() => 0);
    const committed = await pacedRounds(run, clock, nodes, rounds, (round) => {
      for (const [i, node] of nodes.entries()) {
        if (node.part === 'upper' && (round.steps[i] ?? 0) > 0) upperRounds[i] = (upperRounds[i] ?? 0) + 1;
        node.ended(round.steps[i] ?? 0, round.plan);
      }
    });
    const counted = speeds.map((_, node) => committed.filter((round) => (round.steps[node] ?? 0) > 0).length);
    const stepsOf = speeds.map((_, node) => mean(committed.map((round) => round.steps[node] ?? 0)));
    const all = committed.reduce((sum, round) => sum + round.steps.reduce((one, other) => one + other, 0), 0);
    const losses = trains ? await federated.losses((await run.base()).parameters, maxBatches) : [];
    return {
      ...{ pace: way, adapter: federated.adapter, rounds, localSteps: steps },
      ...{ counted, upperRounds, meanSteps: stepsOf, tokens: tokensOf(run.manifest.strategy, all) },
      seconds: (committed.at(-1)?.endedAt ?? 0) / 1000,
      ...(trains ? { heldOut: mean(losses), losses } : {}),
    };
  } finally {
    await run.close();
    federated.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A device that chooses after each round what of the model it trains. */
interface Device extends PacedNode {
  readonly part: PartName;
  ended(steps: number, plan: RoundTimes | null): void;
}

/** The nodes as devices of a virtual time. Where nothing `trains`, a contribution is the delta of one step each. */
function devices(
  run: Run,
  federated: Federated,
  keys: readonly Identity[],
  { speeds, overhead: overheadMs, upload: uploadMs }: PacingOptions,
  trains: boolean,
): Device[] {
  const { granted } = federated;
  return federated.nodes().map((node, i): Device => {
    const identity = keys[i];
    if (identity === undefined) throw new RangeError('a node has no key');
    let payload = new Uint8Array(0);
    // What does not count flows back into the next contribution.
    const takeBack = (isTaken: boolean) => {
      if (isTaken) return true;
      const { round } = run.current();
      const fragment = fragmentOf(federated.fragments, round, node.part);
      const left = returned({ payload, residual: fragment.of(node.residual) }, federated.codec);
      node.residual = fragment.into(node.residual, left);
      return false;
    };
    let choice = granted && choiceOf(granted, 'whole');
    let missed = 0;
    const isUpper = () => granted !== null && node.part === 'upper';
    return {
      ...{ key: identity.key, overheadMs },
      get part() {
        return node.part;
      },
      get tokensPerSecond() {
        return (speeds[i] ?? 0) * (isUpper() ? (granted?.trainingRatio ?? 1) : 1);
      },
      get uploadMs() {
        return uploadMs / (isUpper() ? (granted?.uploadRatio ?? 1) : 1);
      },
      ended(steps, plan) {
        if (choice === null) return;
        missed = steps > 0 ? 0 : missed + 1;
        if (missed >= mostMissed) [choice] = afterLate(choice, run.current().round, missed) ?? [choice];
        else if (plan !== null)
          [choice] = afterPlan(choice, run.current().round, timesOf(run, identity.key, plan));
        federated.take(node, choice.part);
      },
      async offer(steps) {
        const { round, normBound } = run.current();
        const { parameters } = await run.base();
        ({ payload } = await federated.contribute(
          node,
          parameters,
          round - 1,
          trains ? steps : 1,
          normBound,
        ));
        return takeBack(await offer(run, identity, payload, steps, node.part));
      },
      upload: async () => takeBack(await upload(run, identity.key, payload)),
    };
  });
}

/** What a node learns from the plan of a round. */
function timesOf(run: Run, key: NodeKey, { workMs, graceMs }: RoundTimes): PlanTimes {
  const { trainingMs, uploadMs } = run.pace.measured(key);
  return {
    ...{ plannedMilliseconds: workMs, leftMilliseconds: workMs, graceMilliseconds: graceMs },
    ...{ trainingMilliseconds: trainingMs, uploadMilliseconds: uploadMs },
    tooShort: trainingMs + uploadMs > workMs + graceMs,
  };
}
