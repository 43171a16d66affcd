import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { returned } from '../../client/contribute/round/error-feedback.ts';
import { mean } from '../../client/mean.ts';
import { Run } from '../../relay/run/run.ts';
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
}

/** A way to pace the rounds: timed; fixed steps with the usual grace; fixed steps, and a round waits for everybody. */
const ways = {
  timed: { pace: 'timed', graceMs: 15_000, graceShare: 50 },
  fixed: { pace: 'fixed', graceMs: 15_000, graceShare: 50 },
  'fixed, waiting for all': { pace: 'fixed', graceMs: 600_000, graceShare: 99 },
} as const;
type Way = keyof typeof ways;

/** At most this many batches of each corpus's held-out text are measured. */
const maxBatches = 16;

/**
 * Nodes of these speeds train together in timed rounds, and then as many tokens in rounds of fixed steps. The training, the codec and the
 * relay's run are real; the time is virtual, so that the speeds are exact on any machine. Yields each way's rounds, its time and the mean
 * held-out loss of its last base.
 */
export async function* pacing(options: PacingOptions): AsyncGenerator<object> {
  const { speeds, rounds } = options;
  const timed = await paced('timed', rounds, options);
  yield timed;
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
  const { speeds, steps } = options;
  const { pace, graceMs, graceShare } = ways[way];
  const federated = await openFederated(
    { ...options, rounds, nodes: speeds.length },
    { pace, graceMs, graceShare, deadlineMs: 3_600_000 },
  );
  const folder = mkdtempSync(join(tmpdir(), 'tapestry-pacing-'));
  const clock = new VirtualClock();
  const run = await Run.open(folder, federated.created, clock);
  try {
    const keys = await identities(speeds.length);
    for (const [i, { key }] of keys.entries()) run.nodeJoined(key, i);
    const nodes = devices(run, federated, keys, options, trains);
    const committed = await pacedRounds(run, clock, nodes, rounds);
    const counted = speeds.map((_, node) => committed.filter((round) => (round.steps[node] ?? 0) > 0).length);
    const stepsOf = speeds.map((_, node) => mean(committed.map((round) => round.steps[node] ?? 0)));
    const all = committed.reduce((sum, round) => sum + round.steps.reduce((one, other) => one + other, 0), 0);
    const losses = trains ? await federated.losses((await run.base()).parameters, maxBatches) : [];
    return {
      ...{ pace: way, adapter: federated.adapter, rounds, localSteps: steps },
      ...{ counted, meanSteps: stepsOf, tokens: tokensOf(run.manifest.strategy, all) },
      seconds: (committed.at(-1)?.endedAt ?? 0) / 1000,
      ...(trains ? { heldOut: mean(losses), losses } : {}),
    };
  } finally {
    await run.close();
    federated.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The nodes as devices of a virtual time. Where nothing `trains`, a contribution is the delta of one step each. */
function devices(
  run: Run,
  federated: Federated,
  keys: readonly Identity[],
  { speeds, overhead: overheadMs, upload: uploadMs }: PacingOptions,
  trains: boolean,
): PacedNode[] {
  return federated.nodes().map((node, i): PacedNode => {
    const identity = keys[i];
    if (identity === undefined) throw new RangeError('a node has no key');
    let payload = new Uint8Array(0);
    // What does not count flows back into the next contribution.
    const takeBack = (isTaken: boolean) => {
      if (!isTaken)
        node.residual = returned({ payload, residual: Float32Array.from(node.residual) }, federated.codec);
      return isTaken;
    };
    return {
      ...{ key: identity.key, tokensPerSecond: speeds[i] ?? 0, overheadMs, uploadMs },
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
        return takeBack(await offer(run, identity, payload, steps));
      },
      upload: async () => takeBack(await upload(run, identity.key, payload)),
    };
  });
}
