import * as v from 'valibot';

/** The most rounds in one answer of the history. */
export const mostStatusRounds = 1_000;

/** Losses are nats a token. */
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** The wire carries no greater loss and no greater rate. */
const loss = v.pipe(v.number(), v.minValue(0), v.maxValue(1000));
const rate = v.pipe(v.number(), v.minValue(0), v.maxValue(1e9));
/** Milliseconds since 1970, as far as a Date reaches. */
const time = v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e15));
const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
/** The first 16 hex digits of the node's public key. */
const nodeId = v.string();

const round = v.strictObject({
  /** The current round, from 1; it remains `run.rounds` after the last. */
  number: count,
  phase: v.picklist(['waiting', 'training', 'grace', 'complete']),
  /** Why no other round opens: the presenter has not started yet, or pauses. Null while rounds open, and without a presenter. */
  hold: v.nullable(v.picklist(['lobby', 'paused'])),
  contributions: count,
  quorum: count,
  /** The contributions that the round waits for: of connected nodes and of those that have contributed. */
  target: count,
  /** Milliseconds since 1970. */
  openedAt: v.nullable(time),
  deadlineAt: v.nullable(time),
});

/**
 * `round` is the number of rounds that made this base; `bytes` its size. `upstream` is the upstream run of a national or company
 * relay, whether it follows it or works alone, and the rounds of that run that made the base that was adopted from it last.
 */
const base = v.strictObject({
  round: count,
  hash,
  bytes: count,
  upstream: v.optional(
    v.strictObject({ run: hash, state: v.picklist(['following', 'alone']), round: count }),
  ),
});

const totals = v.strictObject({
  tokens: count,
  contributions: count,
  refusals: count,
  abandonedRounds: count,
  /**
   * Frames of all nodes, and down also the bases, deltas and files of the run, whoever downloads them; counted by the relay, without
   * the framing of what carries them.
   */
  bytesUp: count,
  bytesDown: count,
  /** Bytes that exchanging f32 gradients at every local step would have moved, both directions together. */
  bytesDataParallel: count,
});

/**
 * What an evaluator is. `unheard`: nothing came since the relay started; `scored`: its scores of the closed round came; `silent`: nothing
 * came in the time of a round, so that no later one waits.
 */
export type EvaluatorState = 'unheard' | 'here' | 'scored' | 'silent';

const evaluatorStates: Readonly<Record<string, EvaluatorState>> = {
  u: 'unheard',
  h: 'here',
  s: 'scored',
  q: 'silent',
};

/** The letters of states, as a status has them. */
export function lettersOf(states: readonly EvaluatorState[]): string {
  const letters = new Map(Object.entries(evaluatorStates).map(([letter, state]) => [state, letter]));
  return states.map((state) => letters.get(state) ?? 'u').join('');
}

/** The states of such letters. */
export function statesOf(letters: string): EvaluatorState[] {
  return [...letters].map((letter) => evaluatorStates[letter] ?? 'unheard');
}

/**
 * How the scoring of the round that closed last stands; never what anybody measured. `round` is null before one closed since the relay
 * started, `scores` counts those that came for it, and `deadlineAt` is when the relay waits no longer; null while it waits for none.
 * `states` has a letter of `evaluatorStates` for each of `run.evaluators.ids`, for its size: there are up to 64.
 */
const evaluation = v.strictObject({
  round: v.nullable(count),
  scores: count,
  deadlineAt: v.nullable(time),
  states: v.pipe(v.string(), v.regex(/^[uhsq]{0,64}$/)),
});

/** Text continued from the base of `round`, made by the relay's operator from public weights. */
const sample = v.nullable(v.strictObject({ round: count, prompt: v.string(), text: v.string() }));

/** What a delta is of: the upper layers count in their range only. */
const partName = v.picklist(['whole', 'upper']);

/** What a node reports and what it gave, which changes while it is connected. */
const progress = {
  state: v.picklist(['syncing', 'training', 'uploading', 'waiting', 'paused', 'following']),
  /** Steps of the current round. */
  steps: count,
  tokensPerSecond: rate,
  trainingLoss: v.nullable(loss),
  heldOutLoss: v.nullable(loss),
  /** Tokens in accepted contributions, over the run. */
  tokens: count,
  contributions: count,
  /**
   * Bytes since the node connected, without the framing of what carries them: the frames that it sent; and the frames that it was sent
   * with the bodies that it says it downloaded, since the relay cannot tell who downloads a base.
   */
  bytesUp: count,
  bytesDown: count,
};

const node = v.strictObject({
  id: nodeId,
  host: v.picklist(['browser', 'node', 'deno']),
  corpus: v.nullable(v.string()),
  connectedAt: time,
  /** What its last contribution was of; `whole` before its first. */
  part: partName,
  ...progress,
});

const committedRound = v.strictObject({
  /** The round that committed. */
  round: count,
  contributions: count,
  /** Contributions that the merge rule left out. */
  excluded: count,
  tokens: count,
  /** The new base's loss on the run's own probe, measured by the relay; null without a guard. */
  probeLoss: v.nullable(loss),
  trainingLoss: loss,
  /** Held-out loss, on each corpus's own text, of the base that opened the round; null if no node reported one. */
  heldOutLoss: v.array(v.nullable(loss)),
  committedAt: time,
  base: hash,
});

/** Everything that the relay says in public about its run, except the history. */
const facts = {
  /** The public address that the operator set; null if there is none, and readers use the address that they opened. */
  address: v.nullable(v.string()),
  /** Links to join begin at the relay's http address, whose page tells of its own certificate; absent where they do not. */
  plainEntry: v.optional(v.literal(true)),
  run: v.strictObject({
    id: hash,
    name: v.string(),
    parameters: count,
    rounds: count,
    localSteps: count,
    tokensPerStep: count,
    corpora: v.array(v.string()),
    lane: v.picklist(['open']),
    /** How many of the model's layers, the upper ones, a node that is too slow for all may train alone; absent where none. */
    upper: v.optional(v.strictObject({ layers: count, of: count })),
    /** Who scores contributions: the first 16 hex digits of their keys. With fewer scores than `quorum` the relay's own decide. */
    evaluators: v.optional(v.strictObject({ ids: v.array(nodeId), quorum: count })),
  }),
  round,
  base,
  nodes: v.array(node),
  totals,
  sample,
  /** Absent in a run without evaluators. */
  evaluation: v.optional(evaluation),
  /** Grows with each change of `GET api/speech`; absent where no base writes for the room. */
  speech: v.optional(count),
};

/** A run's status with its history: what the dashboard, the command line's table and scripts show. */
export const relayStatusSchema = v.strictObject({ ...facts, history: v.array(committedRound) });
export type RelayStatus = v.InferOutput<typeof relayStatusSchema>;

/** The answer of `GET /api/status`: the status, without its history, after the change with this number. */
export const statusSnapshotSchema = v.strictObject({ sequence: count, ...facts });
export type StatusSnapshot = v.InferOutput<typeof statusSnapshotSchema>;

/**
 * The answer of `GET /api/history?after=ROUND`: the committed rounds after that one, at most `mostStatusRounds` of them, spread
 * evenly, and the newest.
 */
export const statusHistorySchema = v.strictObject({ run: hash, history: v.array(committedRound) });
export type StatusHistory = v.InferOutput<typeof statusHistorySchema>;

/** The most contributions of one round in an answer. */
export const mostRoundContributions = 1_000;

/**
 * The answer of `GET /api/rounds/ROUND`: a committed round, who contributed to it, the first `mostRoundContributions` in the
 * order in which they were accepted, and what its base wrote, where the relay's operator let it write after this round.
 */
export const statusRoundSchema = v.strictObject({
  run: hash,
  committed: committedRound,
  contributions: v.array(
    v.strictObject({
      node: nodeId,
      corpus: v.nullable(v.string()),
      steps: count,
      tokens: count,
      trainingLoss: loss,
      heldOutLoss: loss,
      part: partName,
      /** False for one that does not count. */
      isMerged: v.boolean(),
      /** By how much it lowers the loss of the new base on the run's probe, in nats a token; null for one that was not scored. */
      score: v.nullable(v.pipe(v.number(), v.minValue(-1000), v.maxValue(1000))),
      /** Of its tokens those that count, before the merge rule, as a mean over its values; and the main reason if they are fewer. */
      counted: count,
      reason: v.nullable(
        v.picklist(['too-fast', 'short', 'copy', 'worse', 'distrusted', 'unproven', 'capped', 'left-out']),
      ),
    }),
  ),
  /** The evaluators whose scores decided; none where the relay's own did. Null for a round in which nothing was scored. */
  scoredBy: v.nullable(v.array(nodeId)),
  sample,
});
export type StatusRound = v.InferOutput<typeof statusRoundSchema>;

/**
 * The `data:` of an event of `GET /api/events`: what changed since the event before. Its first event only gives the number at
 * which the stream begins. A reader that does not have the status after the change before this one asks for a snapshot.
 */
export const statusChangeSchema = v.strictObject({
  sequence: count,
  round: v.optional(round),
  base: v.optional(base),
  totals: v.optional(totals),
  sample: v.optional(sample),
  evaluation: v.optional(evaluation),
  speech: v.optional(count),
  /** Nodes that joined, or joined again, or whose part is another one now. */
  joined: v.optional(v.array(node)),
  /** The id and the progress of nodes as a tuple, for its size. A large list of nodes takes several events. */
  progressed: v.optional(
    v.array(
      v.strictTuple([
        nodeId,
        progress.state,
        progress.steps,
        progress.tokensPerSecond,
        progress.trainingLoss,
        progress.heldOutLoss,
        progress.tokens,
        progress.contributions,
        progress.bytesUp,
        progress.bytesDown,
      ]),
    ),
  ),
  /** The ids of nodes that are no longer connected. */
  left: v.optional(v.array(nodeId)),
});
export type StatusChange = v.InferOutput<typeof statusChangeSchema>;
