import type { FetchOptions } from '../contribute/network.ts';
import { TapestryError } from '../errors.ts';
import { isPermissionError, permissionError } from './permission.ts';

/** The longest message that a node reads from a relay. The longest valid one is a Welcome, with a manifest of at most 64 KiB. */
export const maxMessageBytes = 2 ** 17;

/** Time limit for opening a connection. */
export const openMilliseconds = 15_000;

/** Time limit for the check whether a server uses TLS. */
const tlsProbeMilliseconds = 3_000;

/** Texts of OpenSSL and rustls for a certificate that is not trusted or a TLS handshake that failed. */
const tlsFailure =
  /certificate|CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|\bTLS\b|\bSSL\b|ERR_SSL|ERR_TLS|HOSTNAME_MISMATCH/;

/** Texts of Node, OpenSSL and rustls for an answer that is not TLS, which usually is plain HTTP. */
const plainAnswer = /EPROTO|WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|InvalidContentType/;

/**
 * Their texts for a connection that was closed without an answer, as most TLS servers close a plain HTTP connection, and for the
 * status 400, with which others and relays answer it.
 */
const refusedPlain = /UND_ERR_SOCKET|ECONNRESET|socket hang up|connection closed|\b400\b/;

/** What the codes of operating systems and resolvers say, in plain words. */
const plainReasons: ReadonlyMap<string, string> = new Map([
  ['ENOTFOUND', 'no computer of this name was found'],
  ['EAI_AGAIN', 'the name could not be looked up'],
  ['ECONNREFUSED', 'nothing listens there'],
  ['ETIMEDOUT', 'it did not answer in time'],
  ['UND_ERR_CONNECT_TIMEOUT', 'it did not answer in time'],
  ['EHOSTUNREACH', 'no way leads there from this network'],
  ['ENETUNREACH', 'no way leads there from this network'],
]);

const redirectAnswer = /server response: 3\d\d/;

/** The error for a relay that could not be reached. */
export function connectionError(url: URL, reason: string, cause?: unknown): TapestryError {
  if (isPermissionError(cause))
    return permissionError(`connect to ${url.host}`, `--allow-net=${url.host}`, cause);
  if (redirectAnswer.test(reason)) return redirected(url, null);
  if (plainAnswer.test(reason)) {
    return new TapestryError(
      'relay.tls',
      `${url.host} does not use TLS (${reason}).`,
      'If the relay runs without --tls, use its address that starts with http://.',
      { cause },
    );
  }
  if (tlsFailure.test(reason)) {
    return new TapestryError(
      'relay.tls',
      `The certificate of ${url.host} is not trusted here (${reason}).`,
      'For a relay with --tls auto, pass the fingerprint that it printed: --fingerprint SHA256 (Deno: deno run --cert FILE). Otherwise check the address.',
      { cause },
    );
  }
  const words = plainReasons.get(reason);
  return new TapestryError(
    'relay.unreachable',
    `No relay answers at ${url.host}${words === undefined ? '' : `: ${words}`} (${reason}).`,
    'Check the address and that the relay is running.',
    { cause },
  );
}

/**
 * Refuses a page that came by plain HTTP from a port of TLS, where a relay tells browsers of its certificate. Nothing that a node
 * reads is HTML.
 */
async function refuseEntryPage(url: URL, response: Response): Promise<void> {
  const isPage = response.status === 200 && response.headers.get('content-type')?.startsWith('text/html');
  if (url.protocol !== 'http:' || isPage !== true || !(await speaksTls(url))) return;
  await response.body?.cancel();
  throw usesTls(url);
}

/** The error for a connection that did not open. It also detects a relay that uses TLS but was given an http address. */
export async function openingError(url: URL, reason: string, cause?: unknown): Promise<TapestryError> {
  const isPlain = url.protocol === 'http:' || url.protocol === 'ws:';
  if (!isPlain || !refusedPlain.test(reason) || !(await speaksTls(url)))
    return connectionError(url, reason, cause);
  return usesTls(url, cause);
}

function usesTls(url: URL, cause?: unknown): TapestryError {
  return new TapestryError(
    'relay.tls',
    `${url.host} uses TLS and does not answer plain HTTP.`,
    `Use the whole link that the relay prints, or its address that starts with https: https://${url.host}`,
    { cause },
  );
}

async function speaksTls({ host }: URL): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(tlsProbeMilliseconds);
    await (await fetch(`https://${host}/healthz`, { signal, redirect: 'manual' })).body?.cancel();
    return true;
  } catch (error) {
    const reason = reasonOf(error);
    return tlsFailure.test(reason) && !plainAnswer.test(reason);
  }
}

/** Calls the runtime's own fetch, refuses redirects, and turns failures into errors that name the relay and the reason. */
export async function fetchFrom(url: URL, { headers = {}, signal }: FetchOptions = {}): Promise<Response> {
  try {
    const response = await fetch(url, { headers, signal: signal ?? null, redirect: 'manual' });
    await refuseRedirect(url, response);
    await refuseEntryPage(url, response);
    return response;
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof TapestryError ? error : await openingError(url, reasonOf(error), error);
  }
}

/**
 * Refuses a redirect, which would send this node's requests to another server. A relay never redirects.
 * @throws TapestryError `relay.redirected`
 */
export async function refuseRedirect(url: URL, response: Response): Promise<void> {
  const isRedirect = response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400);
  if (!isRedirect) return;
  await response.body?.cancel();
  throw redirected(url, response.headers.get('location'));
}

function redirected(url: URL, location: string | null): TapestryError {
  const target = location === null ? 'another address' : JSON.stringify(location);
  return new TapestryError(
    'relay.redirected',
    `${url.host} redirects to ${target}.`,
    'Redirects are not followed. If you trust that address, join the relay there.',
  );
}

/** The reason of a failed request. Node's fetch stores it in the error's cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  return 'code' in error ? String(error.code) : error.message;
}
