import { sha256 as hashNow } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/** SHA-256 of bytes or of a text's UTF-8, in hex, computed synchronously in JavaScript: use `sha256` for large inputs. */
export function sha256Hex(data: string | Uint8Array): string {
  return bytesToHex(hashNow(typeof data === 'string' ? utf8ToBytes(data) : data));
}

/** The first 64 bits of a text's SHA-256, in hex. It tells versions apart, but is too short to resist an attack. */
export function fingerprint(text: string): string {
  return sha256Hex(text).slice(0, 16);
}

/** SHA-256 of bytes, computed by the runtime's native code on another thread. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** The SHA-256 of bytes in hex, which is their name as a blob. */
export async function contentHash(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return bytesToHex(await sha256(bytes));
}
