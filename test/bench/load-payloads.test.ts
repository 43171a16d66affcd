import { expect, test } from 'vitest';
import { type LoadPayload, LoadPayloads } from '../../bench/load/payloads.ts';
import { checkPayload } from '../../relay/run/aggregate.ts';
import { hashOfBytes } from '../../relay/storage/sha256.ts';
import { sparseCodec } from '../../relay/wire/codec/sparse.ts';
import { decodeToRelay } from '../../relay/wire/frames.ts';
import { toHex } from '../../relay/wire/hex.ts';

/** The bytes that a relay reads from a payload's frames, which must be what the payload says of itself. */
function bytesOf(payload: LoadPayload | undefined): Uint8Array<ArrayBuffer> {
  const chunks = payload?.frames.map((frame) => {
    const start = frame.length < 65_536 + 8 ? 8 : 14;
    const message = frame.subarray(start).map((byte, i) => byte ^ (frame[start - 4 + (i & 3)] ?? 0));
    const chunk = decodeToRelay(message);
    return chunk.case === 'chunk' ? chunk.value : null;
  });
  const bytes = new Uint8Array(payload?.bytes ?? 0);
  for (const chunk of chunks ?? []) bytes.set(chunk?.data ?? [], chunk?.offset);
  expect(hashOfBytes(bytes)).toBe(toHex(payload?.digest ?? bytes));
  return bytes;
}

test('the payloads of a load are valid, differ, and follow from their seed', async () => {
  const codec = sparseCodec({
    ...{ chunk: 4096, top: 64, exponent: -22, maxShift: 14 },
    ...{ clipNorm: 10, feedbackDecay: 0.95 },
  });
  const parameters = 400 * 4096 + 100;
  const [one, same, other] = [1, 1, 2].map((seed) => new LoadPayloads(codec, 4096, parameters, seed));
  const payloads = [one, one, other].map((payloads) => bytesOf(payloads?.next()));
  for (const payload of payloads) await checkPayload(payload, parameters, codec);
  expect(new Set(payloads.map((payload) => payload.join())).size).toBe(3);
  expect(bytesOf(same?.next())).toEqual(payloads[0]);
});
