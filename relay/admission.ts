import type { IncomingHttpHeaders } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import type { WholeManifest } from './wire/frames.ts';
import { protocolVersion, unlistedNation } from './wire/frames.ts';
import { equalInConstantTime, joinBytes, tokenProof, verifySignature } from './wire/signed.ts';
import { type Join, RefusalCode } from './wire/tapestry_pb.js';

/** What a Join is held against; `nonce` is this connection's own. */
export interface Threshold {
  readonly nonce: Uint8Array;
  readonly run: Uint8Array;
  readonly manifest: WholeManifest;
  /** Null where the relay asks for none. */
  readonly token: string | null;
}

/**
 * Why a Join is refused, or null when it is admitted. The token comes before the signature, so that whoever was not
 * invited costs the relay no more than a hash.
 */
export async function refusalOfJoin(join: Join, threshold: Threshold): Promise<RefusalCode | null> {
  const { nonce, run, manifest, token } = threshold;
  if (join.protocol !== protocolVersion) return RefusalCode.WRONG_PROTOCOL;
  const anyRun = join.run.every((byte) => byte === 0);
  if (!anyRun && !equalInConstantTime(join.run, run)) return RefusalCode.WRONG_RUN;
  if (token !== null && !equalInConstantTime(join.tokenProof, tokenProof(token, nonce, join.publicKey))) {
    return RefusalCode.BAD_TOKEN;
  }
  if (join.nation !== unlistedNation && join.nation >= manifest.nations.length)
    return RefusalCode.OUT_OF_LIMIT;
  const signed = await verifySignature(join.publicKey, joinBytes(nonce, join), join.signature);
  return signed ? null : RefusalCode.BAD_SIGNATURE;
}

/** Whether only this machine can reach a relay that listens on `host`. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  if (isIPv4(name)) return name.startsWith('127.');
  return name === '::1' || name === 'localhost' || name.endsWith('.localhost');
}

/**
 * Whether a request may go on. A page of another origin may neither open a socket nor read anything here; programs send
 * no Origin. A relay of this machine answers to this machine's names only: else a page whose own name was pointed at
 * 127.0.0.1 (DNS rebinding) would be of the same origin.
 */
export function isAllowed(headers: IncomingHttpHeaders, scheme: 'http' | 'https', local: boolean): boolean {
  const { host, origin } = headers;
  if (host === undefined || !URL.canParse(`${scheme}://${host}`)) return false;
  const here = new URL(`${scheme}://${host}`);
  if (local && !isLoopback(here.hostname)) return false;
  return origin === undefined || origin === here.origin;
}

/** What quotas count as one address: an IPv4 address, or the /64 that one IPv6 subscriber has. */
export function addressGroup(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const mapped = address.replace(/^::ffff:/i, '');
  if (isIPv4(mapped) || !isIPv6(address)) return mapped;
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(missing).fill('0'), ...right].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
