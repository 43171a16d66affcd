import { toHex } from '../../../relay/wire/hex.ts';
import { hashBytes } from '../../../relay/wire/merkle.ts';
import type { RelayHttp } from '../../relay-http.ts';

/**
 * The hashes of the relay's deltas that lead from one base to another, in their order: at least one, at most `most`. Null if the
 * relay names none; then the base itself is left to download, whatever the reason. The caller checks where the deltas lead: the
 * relay is not trusted.
 */
export async function deltasBetween(
  http: RelayHttp,
  { from, to }: { readonly from: string; readonly to: string },
  most: number,
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  let bytes: Uint8Array;
  try {
    bytes = await http.read(`bases/${to}/from/${from}`, { most: most * hashBytes, signal });
  } catch {
    signal.throwIfAborted();
    return null;
  }
  if (bytes.length === 0 || bytes.length % hashBytes !== 0) return null;
  return Array.from({ length: bytes.length / hashBytes }, (_, i) =>
    toHex(bytes.subarray(i * hashBytes, (i + 1) * hashBytes)),
  );
}
