import { fingerprintWords } from '../../relay/wire/certificate/fingerprint-words.ts';
import { withScheme } from '../../relay/wire/certificate/with-scheme.ts';
import { toHex } from '../../relay/wire/hex.ts';
import type { RelayStatus } from '../../relay/wire/status.ts';

/** Who can use an address to contribute from a browser: WebGPU needs a secure origin. */
export type Reach = 'anyone' | 'this-machine' | 'no-webgpu';

export interface JoinAddress {
  readonly address: string;
  /** The address without the fingerprint, short enough to type into a browser. */
  readonly typed: string;
  /** The relay's address for programs, without the token. */
  readonly relay: string;
  readonly reach: Reach;
  /** Four words of the relay's own certificate. The link tells them, so whoever answers in the relay's place cannot; null without. */
  readonly certificate: string | null;
}

/**
 * Where nodes join: the address that the relay's operator published, else the folder of the dashboard at `page`, by http if a page
 * tells there of the relay's own certificate. It carries the join token if the dashboard was opened with one in its fragment.
 */
export function joinAddress(
  page: URL,
  status: Pick<RelayStatus, 'address' | 'plainEntry'> | null,
): JoinAddress {
  const relay = new URL(status?.address ?? '.', page);
  relay.hash = '';
  relay.search = '';
  const isEntry = status?.plainEntry === true && relay.protocol === 'https:';
  const address = isEntry ? withScheme(relay, 'http') : new URL(relay);
  const given = new URLSearchParams(page.hash.slice(1));
  // A node pins the relay's own certificate by the link's fingerprint; a browser asks its user.
  const kept = ['token', 'fingerprint'].flatMap((name) => {
    const value = given.get(name);
    return value === null || value === '' ? [] : [[name, value]];
  });
  address.hash = new URLSearchParams(kept).toString();
  const typed = new URL(address);
  typed.hash = new URLSearchParams(kept.filter(([name]) => name !== 'fingerprint')).toString();
  const local = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(address.hostname);
  return {
    address: address.href,
    typed: typed.href,
    relay: relay.href,
    reach: local ? 'this-machine' : relay.protocol === 'https:' ? 'anyone' : 'no-webgpu',
    certificate: certificateWords(given.get('fingerprint') ?? ''),
  };
}

/** The words of a fingerprint as links hold it, 43 digits of base64url; null for another text. */
function certificateWords(fingerprint: string): string | null {
  if (!/^[\w-]{43}$/.test(fingerprint)) return null;
  const bytes = atob(fingerprint.replaceAll('-', '+').replaceAll('_', '/'));
  return fingerprintWords(toHex(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))));
}
