import { parseManifest } from '../../../../relay/run/manifest.ts';
import { hashOfBytes } from '../../../../relay/storage/sha256.ts';
import { fromHex, toHex } from '../../../../relay/wire/hex.ts';

/** The run and its first base, of a manifest in hex. */
export function manifestOf(hex: string): { readonly id: string; readonly initialBase: string } {
  const bytes = fromHex(hex);
  return { id: hashOfBytes(bytes), initialBase: toHex(parseManifest(bytes).manifest.initialBase) };
}
