import type { Draft } from '../../../../relay/journal/entry.ts';
import { manifestBytesOf } from '../../../../relay/run/manifest.ts';
import { toHex } from '../../../../relay/wire/hex.ts';
import { type TinyRun, tinyRun } from '../run-support.ts';

/** The first entry of a tiny run's journal; its signature is not one. */
export function createdEntry(options: TinyRun = {}): Draft {
  const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };
  const manifest = toHex(manifestBytesOf(tinyRun(options).manifest, keys));
  return { kind: 'run-created', body: { manifest, signature: '0'.repeat(128) } };
}
