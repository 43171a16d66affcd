import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeToRelay, WireError } from '../../../relay/wire/frames.ts';
import { openFrame } from '../../../relay/wire/open-frame.ts';
import { ToRelaySchema } from '../../../relay/wire/tapestry_pb.js';
import { arbitraryOf } from './arbitrary.ts';

const heartbeat = encodeToRelay({
  case: 'heartbeat',
  value: {
    ...{ round: 3, state: 2, steps: 17, tokens: 8_704 },
    ...{ trainingLoss: 2.5, tokensPerSecond: 4_810, bytesDownloaded: 2_112_512n },
  },
});

test('a heartbeat is opened field by field, by the names of the schema', () => {
  expect(openFrame(heartbeat)).toEqual({
    type: 'heartbeat',
    header: 2,
    fields: [
      { name: 'round', value: 3, bytes: 5 },
      { name: 'state', value: 'NODE_STATE_TRAINING', bytes: 2 },
      { name: 'steps', value: 17, bytes: 5 },
      { name: 'tokens', value: 8_704, bytes: 5 },
      { name: 'training_loss', value: 2.5, bytes: 5 },
      { name: 'tokens_per_second', value: 4_810, bytes: 5 },
      { name: 'bytes_downloaded', value: 2_112_512, bytes: 9 },
    ],
  });
});

test('the fields of any frame have the values that were sent, and together the bytes of the frame', () => {
  fc.assert(
    fc.property(arbitraryOf(ToRelaySchema), (plain) => {
      const { message } = create(ToRelaySchema, plain);
      if (message.case === undefined) throw new Error('every frame has a message');
      const frame = encodeToRelay(message);
      const opened = openFrame(frame);
      expect(opened.type).toBe(message.case);
      expect(opened.fields.reduce((sum, { bytes }) => sum + bytes, opened.header)).toBe(frame.length);
      const sent = Object.entries(message.value).filter(([name]) => !name.startsWith('$'));
      expect(opened.fields.map(({ value }) => (typeof value === 'string' ? null : value))).toEqual(
        sent.map(([name, value]) =>
          ['state', 'host', 'part'].includes(name) ? null : typeof value === 'bigint' ? Number(value) : value,
        ),
      );
    }),
    { numRuns: 100 },
  );
});

test('a frame with one byte more is not opened', () => {
  expect(() => openFrame(Uint8Array.of(...heartbeat, 0))).toThrow(WireError);
});
