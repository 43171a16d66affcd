import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, type IPVersion, isIP } from 'node:net';
import { TapestryError } from '../../../client/errors.ts';
import { addressGroup } from '../budget/addresses.ts';
import { isLoopback } from './names.ts';

/** The addresses that share the first `prefix` bits of `address`; one address if these are all its bits. */
export interface ProxyAddress {
  readonly family: IPVersion;
  readonly address: string;
  readonly prefix: number;
}

/** A shorter prefix would trust a large part of the world. */
const leastPrefix = 8;

/**
 * Parses the address of a proxy, or the subnet of several: 10.0.0.5, 10.0.0.0/24, 2001:db8::/48.
 * @throws TapestryError `usage.trust-proxy`
 */
export function proxyAddress(text: string): ProxyAddress {
  const [, address = '', bits] = /^([\da-f.:]+)(?:\/([1-9]\d{0,2}))?$/i.exec(text) ?? [];
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  const most = family === 'ipv4' ? 32 : 128;
  const prefix = bits === undefined ? most : Number(bits);
  const isMapped = /^::ffff:/i.test(address);
  if (isIP(address) === 0 || isMapped || prefix < leastPrefix || prefix > most) {
    throw new TapestryError(
      'usage.trust-proxy',
      `${text === '' ? 'The empty text' : text} is neither an IP address nor a subnet of at least ${leastPrefix} bits.`,
      'Pass the address from which the proxy connects, such as --trust-proxy 10.0.0.5 or --trust-proxy 10.0.0.0/24.',
    );
  }
  return { family, address, prefix };
}

/**
 * The proxies that tell for whom they ask. If the relay has a public URL, a connection from this machine is its proxy's.
 * The relay's limits count a proxy's requests against the clients that it names, and bound its connections as little as itself does.
 */
export class TrustedProxies {
  readonly #trusted = new BlockList();

  constructor(addresses: readonly ProxyAddress[], publicUrl: URL | null) {
    for (const { family, address, prefix } of addresses) this.#trusted.addSubnet(address, prefix, family);
    if (publicUrl === null) return;
    this.#trusted.addSubnet('127.0.0.0', 8, 'ipv4');
    this.#trusted.addAddress('::1', 'ipv6');
  }

  /** True if the connections of this address are a proxy's. */
  trusts(peer: string | undefined): boolean {
    const address = peer?.replace(/^::ffff:/i, '').replace(/%.*$/, '') ?? '';
    const version = isIP(address);
    return version !== 0 && this.#trusted.check(address, version === 4 ? 'ipv4' : 'ipv6');
  }

  /**
   * The address whose limits a request counts against: the peer's, or, behind a trusted proxy, the last that X-Forwarded-For names
   * and that is no trusted proxy itself. The header of any other peer is ignored: everyone can write it.
   */
  clientOf(peer: string | undefined, forwardedFor: IncomingHttpHeaders[string]): string {
    let client = peer;
    for (const named of String(forwardedFor ?? '')
      .split(',')
      .reverse()) {
      const address = named.trim();
      if (!this.trusts(client) || isIP(address) === 0) break;
      client = address;
    }
    return addressGroup(client);
  }
}

/** True for connections from this machine. */
export function isFromHere(peer: string | undefined): boolean {
  return peer !== undefined && isLoopback(peer.replace(/^::ffff:/i, ''));
}
