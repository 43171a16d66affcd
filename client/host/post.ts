import { connectionError, reasonOf, refuseRedirect } from './relay-errors.ts';

/** Posts bytes to a relay; resolves with the status of its answer. Rejects with `relay.*`, or with the reason of `signal`. */
export type Post = (url: URL, body: Uint8Array<ArrayBuffer>, signal: AbortSignal) => Promise<number>;

/** A POST by the runtime's own fetch, which follows no redirect. */
export const postTo: Post = async (url, body, signal) => {
  let response: Response;
  try {
    response = await fetch(url, { method: 'POST', body, signal, redirect: 'manual' });
  } catch (cause) {
    signal.throwIfAborted();
    throw connectionError(url, reasonOf(cause), cause);
  }
  await refuseRedirect(url, response);
  await response.body?.cancel();
  return response.status;
};
