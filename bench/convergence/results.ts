import * as v from 'valibot';

/** Of one node: see `Result`. */
export const aloneSchema = v.strictObject({
  ...{ loss: v.number(), losses: v.exactOptional(v.record(v.string(), v.number())) },
  ...{ seconds: v.number(), adapter: v.string(), parameters: v.number() },
});

/** Of several nodes: see `FederatedResult`. */
export const togetherSchema = v.strictObject({
  ...aloneSchema.entries,
  ...{ rounds: v.number(), payloadBytes: v.number(), bitsUp: v.number() },
});

/** Of nodes of different speeds: see `PacedResult`. */
export const pacedSchema = v.strictObject({
  ...aloneSchema.entries,
  ...{ time: v.number(), commits: v.number(), shares: v.array(v.number()) },
});
