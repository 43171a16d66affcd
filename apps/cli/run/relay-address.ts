import { TapestryError } from '../../../client/errors.ts';
import { withScheme } from '../../../relay/wire/certificate/with-scheme.ts';
import { fingerprintOf, shortFingerprint } from './fingerprint.ts';

/** A relay as a person names it. */
export interface RelayAddress {
  /** Its path ends in a slash. */
  readonly url: URL;
  /** The join token, where the address is an invitation. */
  readonly token: string | undefined;
  /** The SHA-256 of the relay's own certificate in hex, where the link or the user brings it. */
  readonly fingerprint: string | undefined;
}

/**
 * An address as people type or paste it: without a scheme it is http; a link (`…/#token=…&fingerprint=…`) brings its token and
 * its certificate's SHA-256; the address of the dashboard, as a browser shows it, means its relay. A relay whose certificate is
 * known, from the link or as `given`, uses TLS: its http address is for browsers, and nothing is ever sent there. Throws
 * `usage.relay`, or `usage.fingerprint` for a link that was cut off.
 */
export function relayAddress(address: string | undefined, given?: string): RelayAddress {
  if (address === undefined) {
    throw new TapestryError(
      'usage.relay',
      'The address of the relay is missing.',
      'Give the address or the link that the relay prints, such as http://127.0.0.1:8765.',
    );
  }
  const url = URL.parse(/^[a-z+.-]+:\/\//i.test(address) ? address : `http://${address}`);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new TapestryError(
      'usage.relay',
      `${address} is not the address of a relay.`,
      'Give one such as https://relay.example:8765',
    );
  }
  const fragment = new URLSearchParams(url.hash.slice(1));
  const token = fragment.get('token') || undefined;
  const pin = fragment.get('fingerprint');
  const fingerprint = given ?? (pin === null ? undefined : fingerprintOf(pin));
  url.hash = '';
  url.search = '';
  url.pathname = url.pathname.replace(/(^|\/)dashboard\/?$/, '$1');
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return { url: fingerprint === undefined ? url : withScheme(url, 'https'), token, fingerprint };
}

/** The link with which others join: the address of a relay, with what a node must know in the fragment, which stays in the browser. */
export function joinLink(url: URL, token: string | undefined, fingerprint: string | null): string {
  const parts = [
    ...(token === undefined ? [] : [`token=${encodeURIComponent(token)}`]),
    ...(fingerprint === null ? [] : [`fingerprint=${shortFingerprint(fingerprint)}`]),
  ];
  return parts.length === 0 ? url.href : `${url.href}#${parts.join('&')}`;
}

/** True for a word that can only be an address: with a scheme, or with a host and a port. */
export function looksLikeRelay(word: string): boolean {
  return /^https?:\/\//i.test(word) || /^(?:[\w-]+(?:\.[\w-]+)*|\[[\da-f:]+\]):\d{1,5}\/?$/i.test(word);
}

/** The address that a relay's operator publishes; its path ends in a slash. Throws `usage.public-url`. */
export function publicAddress(address: string): URL {
  const url = URL.parse(address);
  const plain = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  if (!plain || url.search !== '' || url.hash !== '') {
    throw new TapestryError(
      'usage.public-url',
      `${address === '' ? 'The empty text' : address} is not an address that people can open.`,
      'Pass the whole address, such as --public-url https://relay.example/tapestry/.',
    );
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
