import { ContenderSession } from './contender.ts';
import { openTapestry } from './tapestry.ts';

declare global {
  /** The function that the bench calls in its page. */
  var session: ContenderSession;
}
globalThis.session = new ContenderSession((workload) => openTapestry(navigator.gpu, workload));
