import type { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Evaluators } from '../../run/quality/evaluators/evaluators.ts';
import { decodeEvaluation, evaluationsPath, maxEvaluationBytes, WireError } from '../../wire/frames.ts';
import { toHex } from '../../wire/hex.ts';
import type { Evaluation } from '../../wire/tapestry_pb.js';
import type { Bindings } from '../bindings.ts';
import type { Hub } from '../hub.ts';

/**
 * What evaluators send. 204: it counts if enough others come; 409: the relay waits no longer for the evaluations of this attempt; 400: no
 * Evaluation; 403: not by an evaluator of the manifest, or not of the contributions that are scored. A wrong one counts as a wrong join token of its
 * address, and its answer waits as long.
 */
export function addEvaluations(app: Hono<{ Bindings: Bindings }>, hub: Hub, evaluators: Evaluators): void {
  const limit = bodyLimit({ maxSize: maxEvaluationBytes, onError: (c) => c.text('not an evaluation', 413) });
  app.post(evaluationsPath, limit, async (c) => {
    c.header('cache-control', 'no-store');
    const evaluation = evaluationIn(new Uint8Array(await c.req.arrayBuffer()));
    const taken = evaluation === null ? 'malformed' : await evaluators.take(evaluation);
    if (evaluation === null || taken === 'malformed' || taken === 'unknown') {
      await hub.after(hub.budget.guesses.delayOf(c.env.address, hub.clock.elapsed()));
      return c.text(`${taken}: not an evaluation that counts\n`, taken === 'malformed' ? 400 : 403);
    }
    const { round, attempt, publicKey } = evaluation;
    hub.log.info({ round, attempt, evaluator: toHex(publicKey).slice(0, 16), taken }, 'an evaluation came');
    hub.onChange();
    if (taken === 'late') return c.text('late: the relay waits no longer for this round\n', 409);
    void hub.run.tick();
    return c.body(null, 204);
  });
}

function evaluationIn(bytes: Uint8Array): Evaluation | null {
  try {
    return decodeEvaluation(bytes);
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}
