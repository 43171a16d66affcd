import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** The names under which a relay answers. */
export interface RelayNames {
  readonly scheme: 'http' | 'https';
  /** The relay listens on this machine only. */
  readonly local: boolean;
  /** The public address of a relay behind a proxy; its path ends in a slash. */
  readonly publicUrl: URL | null;
}

/** True if only this machine can reach a relay that listens on `host`. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  if (isIP(name) === 4) return name.startsWith('127.');
  return name === '::1' || name === 'localhost' || name.endsWith('.localhost');
}

/**
 * Why a request is refused, as text for the answer; null if it is served. A page of another origin may
 * neither open a socket nor read anything here; programs send no Origin. A local relay answers to this machine's names and
 * its public name only: a page whose own name was pointed at 127.0.0.1 (DNS rebinding) would otherwise share the relay's origin.
 * An IP address cannot be rebound, so a relay for other machines that has a public name also answers to addresses.
 */
export function refusalOfNames(headers: IncomingHttpHeaders, names: RelayNames): string | null {
  const here = URL.parse(`${names.scheme}://${headers.host ?? ''}`);
  if (here === null) return 'The request names no host that is a host name.\n';
  if (!answersTo(here, names)) {
    return `${here.host} is not a name of this relay.\n${advice(`${names.scheme}://${here.host}/`)}`;
  }
  const { origin } = headers;
  if (origin === undefined || origin === here.origin || origin === names.publicUrl?.origin) return null;
  const from = URL.parse(origin)?.origin ?? 'null';
  return `The relay at ${here.origin} does not answer pages of ${from}.\n${from === 'null' ? '' : advice(`${from}/`)}`;
}

function answersTo(here: URL, { local, publicUrl }: RelayNames): boolean {
  // The public URL's scheme decides which port may be left out.
  if (publicUrl !== null && URL.parse(`${publicUrl.protocol}//${here.host}`)?.host === publicUrl.host)
    return true;
  if (local || publicUrl !== null) {
    return isLoopback(here.hostname) || (!local && isIP(here.hostname.replace(/^\[(.*)\]$/, '$1')) !== 0);
  }
  return true;
}

function advice(address: string): string {
  return `If people open it there, start it with its public address: --public-url ${address} (or TAPESTRY_PUBLIC_URL).\n`;
}

/** Removes the public URL's path from a request's target, for a proxy that does not; returns other targets unchanged. */
export function targetBelow(target: string, publicUrl: URL | null): string {
  const path = publicUrl?.pathname ?? '/';
  return path !== '/' && target.startsWith(path) ? target.slice(path.length - 1) : target;
}
