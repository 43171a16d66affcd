import { expect, test } from 'vitest';
import { storedOfType } from '../../../../apps/contribute/envelope/limits.ts';
import { payloadFrom, SentMessages } from '../../../../apps/contribute/envelope/sent-messages.ts';
import { encodeToRelay } from '../../../../relay/wire/frames.ts';
import { ModelPart } from '../../../../relay/wire/tapestry_pb.js';

const heartbeat = {
  round: 1,
  state: 2,
  steps: 1,
  tokens: 1,
  trainingLoss: 1,
  tokensPerSecond: 1,
  bytesDownloaded: 1n,
};
const beat = (round: number) => encodeToRelay({ case: 'heartbeat', value: { ...heartbeat, round } });

function offer(payload: number, payloadBytes: number) {
  const numbers = { round: payload, steps: 1, tokens: 1, trainingLoss: 1, heldOutLoss: 1, payloadBytes };
  const hashes = { base: new Uint8Array(32), payload: new Uint8Array(32).fill(payload) };
  const signed = { part: ModelPart.WHOLE, signature: new Uint8Array(64) };
  return encodeToRelay({ case: 'offer', value: { ...numbers, ...hashes, ...signed } });
}

const chunk = (offset: number, ...data: number[]) =>
  encodeToRelay({ case: 'chunk', value: { offset, data: Uint8Array.from(data) } });

/** The payload of the newest chunk. */
function newest(messages: SentMessages) {
  const last = messages.of('chunk').at(-1);
  const sent = last && messages.payloadOf(last);
  return sent ? payloadFrom(sent) : null;
}

test('the newest messages of each type are stored, however many of another type come', () => {
  const messages = new SentMessages();
  messages.add(offer(1, 4));
  for (let round = 1; round <= 100; round++) messages.add(beat(round));
  expect(messages.of('offer').map(({ id }) => id)).toEqual([0]);
  expect(messages.of('heartbeat')).toHaveLength(storedOfType);
  expect(messages.of('heartbeat').at(-1)).toMatchObject({ id: 100, frame: beat(100) });
  expect([messages.get(100)?.id, messages.get(1)]).toEqual([100, null]);
});

test('a payload is put together from its chunks, through a connection that was lost', () => {
  const messages = new SentMessages();
  for (const frame of [offer(1, 3), chunk(0, 9, 9, 9), offer(2, 5), chunk(0, 1, 2), chunk(2, 3)])
    messages.add(frame);
  expect(newest(messages)).toBeNull();
  // The relay has the first two bytes.
  for (const frame of [offer(2, 5), chunk(2, 3, 4), chunk(4, 5)]) messages.add(frame);
  expect(newest(messages)).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
});

test('chunks are stored up to a limit of bytes, and a payload that lacks some is not shown', () => {
  const frame = chunk(0, 1, 2, 3, 4);
  const messages = new SentMessages(3 * frame.length);
  messages.add(offer(1, 16));
  for (let offset = 0; offset < 12; offset += 4) messages.add(chunk(offset, 1, 2, 3, 4));
  messages.add(chunk(12, 1, 2, 3, 4));
  expect(messages.of('chunk')).toHaveLength(3);
  expect(newest(messages)).toBeNull();
  messages.add(offer(2, 12));
  for (let offset = 0; offset < 12; offset += 4) messages.add(chunk(offset, 5, 6, 7, 8));
  expect(newest(messages)).toHaveLength(12);
});
