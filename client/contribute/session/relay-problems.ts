import { TapestryError } from '../../errors.ts';

/** Codes of problems that a new connection may solve. All other problems end the session. */
const passing: ReadonlySet<string> = new Set([
  'relay.unreachable',
  'relay.tls',
  'relay.stopping',
  'relay.silent',
  'relay.malformed',
  'relay.too-many',
]);

/** True if the node should connect again after this error. */
export function isPassing(error: unknown): error is TapestryError {
  return error instanceof TapestryError && passing.has(error.code);
}

/** The relay closed the connection without a reason, or because it is stopping. */
export function stopping(): TapestryError {
  return new TapestryError(
    'relay.stopping',
    'The relay closed the connection.',
    'The node keeps its work and reconnects automatically.',
  );
}

/** The relay sent bytes that are no message of the protocol, or a message that is not valid at this point. */
export function malformed(cause?: unknown): TapestryError {
  return new TapestryError(
    'relay.malformed',
    'The relay sent a message that is not valid in this protocol.',
    "The node reconnects automatically. If the error persists, install the relay's version of Tapestry.",
    { cause },
  );
}

/** The connection is open, but the relay has sent nothing for `milliseconds`. */
export function silent(milliseconds: number): TapestryError {
  return new TapestryError(
    'relay.silent',
    `The relay sent nothing for ${Math.round(milliseconds / 1000)} seconds.`,
    "The node reconnects automatically. If the error persists, check this machine's network and ask the relay's operator.",
  );
}
