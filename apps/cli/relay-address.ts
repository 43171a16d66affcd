import { TapestryError } from '../../client/errors.ts';

/** An address as people type it: without a scheme it is http. Its path ends in a slash. Throws `usage.relay`. */
export function relayAddress(address: string | undefined): URL {
  if (address === undefined) {
    throw new TapestryError(
      'usage.relay',
      'The relay to join is missing.',
      'Give its address: join http://127.0.0.1:8765',
    );
  }
  const url = URL.parse(/^[a-z+.-]+:\/\//i.test(address) ? address : `http://${address}`);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new TapestryError(
      'usage.relay',
      `${address} is no address of a relay.`,
      'Give one such as https://relay.example:8765',
    );
  }
  url.hash = '';
  url.search = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
