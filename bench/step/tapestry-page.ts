import { Session } from './contender.ts';
import { openTapestry } from './tapestry.ts';

declare global {
  /** What the bench calls in its page. */
  var session: Session;
}
globalThis.session = new Session((workload) => openTapestry(navigator.gpu, workload));
