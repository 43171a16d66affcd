import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fetchPinnedTo } from '../../../client/host/node/network.ts';
import { folderSource } from '../../../relay/verify/folder-source.ts';
import { type RelaySourceOptions, relaySource } from '../../../relay/verify/http-source.ts';
import type { VerifySource } from '../../../relay/verify/source.ts';
import { relayAddress } from '../run/relay-address.ts';

/** A folder that exists, else the address of a relay as `join` takes it. A word that looks like a path is never an address. */
export function runSource(
  place: string,
  fingerprint: string | undefined,
  options: Pick<RelaySourceOptions, 'secret' | 'mostBlobBytes'> = {},
): VerifySource {
  const isAddress =
    /^https?:\/\//i.test(place) || !(existsSync(place) || /^[./\\~]|^$|^[a-z]:\\/i.test(place));
  if (isAddress) {
    const { url, fingerprint: pinned } = relayAddress(place, fingerprint);
    return relaySource(url, { fetch: fetchPinnedTo(pinned), ...options });
  }
  // A demo keeps its relay's folder inside its own.
  const inside = join(place, 'relay');
  return folderSource(existsSync(join(inside, 'journal.sqlite')) ? inside : place);
}
