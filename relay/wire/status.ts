import * as v from 'valibot';

/**
 * What a relay shows of itself to anyone who looks (`GET /api/status`, and each `data:` of `GET /api/events`): the
 * dashboard, the command line's table and scripts all read this one shape. Losses are nats a token.
 */
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const finite = v.pipe(v.number(), v.finite());
const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

export const relayStatusSchema = v.strictObject({
  run: v.strictObject({
    id: hash,
    name: v.string(),
    parameters: count,
    rounds: count,
    localSteps: count,
    tokensPerStep: count,
    nations: v.array(v.string()),
    lane: v.picklist(['open']),
  }),
  round: v.strictObject({
    /** The round being worked on, from 1; after the last it stays at `run.rounds`. */
    number: count,
    phase: v.picklist(['waiting', 'training', 'grace', 'complete']),
    contributions: count,
    quorum: count,
    target: count,
    /** Milliseconds since 1970. */
    openedAt: v.nullable(finite),
    deadlineAt: v.nullable(finite),
  }),
  /** `round` is how many rounds this base has behind it; `bytes` its size. */
  base: v.strictObject({ round: count, hash, bytes: count }),
  nodes: v.array(
    v.strictObject({
      /** The first 16 hex digits of the node's public key. */
      id: v.string(),
      host: v.picklist(['browser', 'node', 'deno']),
      nation: v.nullable(v.string()),
      state: v.picklist(['syncing', 'training', 'uploading', 'waiting', 'paused']),
      /** Steps of the current round. */
      steps: count,
      /** Tokens in accepted contributions, over the run. */
      tokens: count,
      contributions: count,
      tokensPerSecond: finite,
      trainingLoss: v.nullable(finite),
      heldOutLoss: v.nullable(finite),
      bytesUp: count,
      bytesDown: count,
      connectedAt: finite,
    }),
  ),
  history: v.array(
    v.strictObject({
      /** The round that committed. */
      round: count,
      contributions: count,
      tokens: count,
      trainingLoss: finite,
      /** Held-out loss, on each nation's own text, of the base that opened the round; null where no one said. */
      heldOutLoss: v.array(v.nullable(finite)),
      committedAt: finite,
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
    /** What exchanging f32 gradients at every local step would have moved, both ways. */
    bytesDataParallel: count,
  }),
  /** Text continued from the base of `round`, made by the relay's operator from public weights. */
  sample: v.nullable(v.strictObject({ round: count, prompt: v.string(), text: v.string() })),
});

export type RelayStatus = v.InferOutput<typeof relayStatusSchema>;
