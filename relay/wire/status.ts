import * as v from 'valibot';

/** The most rounds in the history of a whole status. */
export const mostStatusRounds = 1_000;

/**
 * The relay's public status (`GET /api/status`, and each `data:` of `GET /api/events`). The dashboard, the command line's
 * table and scripts all read this shape. Losses are nats a token.
 */
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** The wire carries no greater loss and no greater rate. */
const loss = v.pipe(v.number(), v.minValue(0), v.maxValue(1000));
const rate = v.pipe(v.number(), v.minValue(0), v.maxValue(1e9));
/** Milliseconds since 1970, as far as a Date reaches. */
const time = v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e15));
const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

export const relayStatusSchema = v.strictObject({
  /** The public address that the operator set; null if there is none, and readers use the address that they opened. */
  address: v.nullable(v.string()),
  run: v.strictObject({
    id: hash,
    name: v.string(),
    parameters: count,
    rounds: count,
    localSteps: count,
    tokensPerStep: count,
    corpora: v.array(v.string()),
    lane: v.picklist(['open']),
  }),
  round: v.strictObject({
    /** The current round, from 1; it remains `run.rounds` after the last. */
    number: count,
    phase: v.picklist(['waiting', 'training', 'grace', 'complete']),
    contributions: count,
    quorum: count,
    /** The contributions that the round waits for: of connected nodes and of those that have contributed. */
    target: count,
    /** Milliseconds since 1970. */
    openedAt: v.nullable(time),
    deadlineAt: v.nullable(time),
  }),
  /** `round` is the number of rounds that made this base; `bytes` its size. */
  base: v.strictObject({ round: count, hash, bytes: count }),
  nodes: v.array(
    v.strictObject({
      /** The first 16 hex digits of the node's public key. */
      id: v.string(),
      host: v.picklist(['browser', 'node', 'deno']),
      corpus: v.nullable(v.string()),
      state: v.picklist(['syncing', 'training', 'uploading', 'waiting', 'paused']),
      /** Steps of the current round. */
      steps: count,
      /** Tokens in accepted contributions, over the run. */
      tokens: count,
      contributions: count,
      tokensPerSecond: rate,
      trainingLoss: v.nullable(loss),
      heldOutLoss: v.nullable(loss),
      bytesUp: count,
      bytesDown: count,
      connectedAt: time,
    }),
  ),
  /**
   * `history` has the rounds after this one: a viewer of `api/events` gets the whole once, 0, and then what is new. A whole
   * of a long run leaves rounds out evenly.
   */
  historyAfter: count,
  history: v.array(
    v.strictObject({
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
    }),
  ),
  totals: v.strictObject({
    tokens: count,
    contributions: count,
    refusals: count,
    abandonedRounds: count,
    bytesUp: count,
    bytesDown: count,
    /** Bytes that exchanging f32 gradients at every local step would have moved, both directions together. */
    bytesDataParallel: count,
  }),
  /** Text continued from the base of `round`, made by the relay's operator from public weights. */
  sample: v.nullable(v.strictObject({ round: count, prompt: v.string(), text: v.string() })),
});

export type RelayStatus = v.InferOutput<typeof relayStatusSchema>;
