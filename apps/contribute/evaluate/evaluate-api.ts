import type { EvaluatorEvent } from '../../evaluator/evaluator.ts';
import type { Problem } from '../../ui/problem.ts';

/** The calls from the page to the worker that scores contributions. */
export interface EvaluateWorker {
  /** Scores until the run is complete, then resolves with null; or with the problem that ended it. `token` is the join token. */
  evaluate(token: string | null, listener: (event: EvaluatorEvent) => void): Promise<Problem | null>;
  /** Tells how many bytes of scripts the worker downloads. */
  watchLoaded(add: (bytes: number) => void): void;
}
