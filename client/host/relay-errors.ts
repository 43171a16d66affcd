import { TapestryError } from '../errors.ts';

/** Nothing longer is read from a relay: a Welcome, whose manifest has at most 64 KiB, is the longest message. */
export const maxMessageBytes = 2 ** 17;

/** A connection gets this long to open. */
export const openMilliseconds = 15_000;

/** OpenSSL's and rustls's ways of saying that a certificate is not trusted or TLS could not be agreed on. */
const tlsFailure =
  /certificate|CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|\bTLS\b|\bSSL\b|ERR_SSL|ERR_TLS|HOSTNAME_MISMATCH/;

/** How Node, OpenSSL and rustls name an answer that is not TLS: plain HTTP, most often. */
const plainAnswer = /EPROTO|WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|InvalidContentType/;

/** What could not be reached and why, in the words of a person who can do something about it. */
export function connectionError(url: URL, reason: string, cause?: unknown): TapestryError {
  if (plainAnswer.test(reason)) {
    return new TapestryError(
      'relay.tls',
      `${url.host} does not answer in TLS (${reason}).`,
      'Where the relay runs without --tls, its address starts with http://.',
      { cause },
    );
  }
  if (tlsFailure.test(reason)) {
    return new TapestryError(
      'relay.tls',
      `The certificate of ${url.host} is not trusted here (${reason}).`,
      'For a relay with --tls auto pass the fingerprint it printed: --fingerprint SHA256 (Deno: deno run --cert FILE). Else check the address.',
      { cause },
    );
  }
  return new TapestryError(
    'relay.unreachable',
    `No relay answers at ${url.host} (${reason}).`,
    'Check the address and that the relay is running.',
    { cause },
  );
}

/** The runtime's own fetch, whose failures say what could not be reached and why. */
export async function fetchFrom(
  url: URL,
  init: { headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    init.signal?.throwIfAborted();
    throw connectionError(url, reasonOf(error), error);
  }
}

/** Node's fetch hides the reason in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  return 'code' in error ? String(error.code) : error.message;
}
