import { fingerprintWords } from '../../relay/wire/certificate/fingerprint-words.ts';
import { toHex } from '../../relay/wire/hex.ts';

/** Who can use an address to contribute from a browser: WebGPU needs a secure origin. */
export type Reach = 'anyone' | 'this-machine' | 'no-webgpu';

export interface JoinAddress {
  readonly address: string;
  /** The address without the fingerprint, short enough to type into a browser. */
  readonly typed: string;
  readonly reach: Reach;
  /** Four words of the relay's own certificate. The link tells them, so whoever answers in the relay's place cannot; null without. */
  readonly certificate: string | null;
}

/**
 * Where nodes join: the address that the relay's operator published, else the folder of the dashboard at `page`. It
 * carries the join token if the dashboard was opened with one in its fragment.
 */
export function joinAddress(page: URL, published: string | null): JoinAddress {
  const address = new URL(published ?? '.', page);
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
    reach: local ? 'this-machine' : address.protocol === 'https:' ? 'anyone' : 'no-webgpu',
    certificate: certificateWords(given.get('fingerprint') ?? ''),
  };
}

/** The words of a fingerprint as links hold it, 43 digits of base64url; null for another text. */
function certificateWords(fingerprint: string): string | null {
  if (!/^[\w-]{43}$/.test(fingerprint)) return null;
  const bytes = atob(fingerprint.replaceAll('-', '+').replaceAll('_', '/'));
  return fingerprintWords(toHex(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))));
}
