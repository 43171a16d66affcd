import { create, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../../client/random.ts';
import { encodeToRelay } from '../../../relay/wire/frames.ts';
import { NodeState, ToRelaySchema } from '../../../relay/wire/tapestry_pb.js';
import { grid } from '../../support/relay/run-support.ts';
import { payloadOf, ScriptedNode, transportNames } from '../../support/relay/scripted-node.ts';
import { payloadBytes, smallRun } from '../../support/relay/small-run.ts';
import { expectCommit, expectCounted, get, pair, start } from '../../support/relay/stage.ts';
import { arbitraryOf } from '../wire/arbitrary.ts';

const random = Random.seeded(1);

/** The tag and the value of a heartbeat's last field, bytes_downloaded. */
const downloadedBytes = 9;

describe.each(transportNames)(
  'over %s, bad input is refused with its code, counted and journaled, and the round continues',
  (transport) => {
    test.each([
      ['an unknown field', 'MALFORMED', (frame: Uint8Array) => Uint8Array.from([...frame, 0xf8, 0x07, 1])],
      ['a frame cut short', 'MALFORMED', (frame: Uint8Array) => frame.subarray(0, frame.length - 1)],
      ['random bytes', 'MALFORMED', () => Uint8Array.from({ length: 100 }, () => random.below(256))],
      ['an empty frame', 'MALFORMED', () => new Uint8Array()],
      [
        'NaN',
        'NOT_FINITE',
        (frame: Uint8Array) => {
          const broken = Uint8Array.from(frame);
          new DataView(broken.buffer).setFloat32(frame.length - downloadedBytes - 4, Number.NaN, true);
          return broken;
        },
      ],
      [
        'infinity',
        'NOT_FINITE',
        (frame: Uint8Array) => {
          const broken = Uint8Array.from(frame);
          new DataView(broken.buffer).setFloat32(frame.length - downloadedBytes - 4, Infinity, true);
          return broken;
        },
      ],
    ])('%s', async (_, code, spoil) => {
      const relay = await start();
      const { first, second, opened } = await pair(relay, transport);
      const value = {
        round: 1,
        state: NodeState.TRAINING,
        steps: 1,
        tokens: 1,
        trainingLoss: 1,
        tokensPerSecond: 1,
        bytesDownloaded: 0n,
      };
      first.send(spoil(encodeToRelay({ case: 'heartbeat', value })));
      expect(await first.refusal()).toBe(code);
      await expectCounted(relay, code);
      await expectCommit(first, second, opened);
    });

    test.each([
      ['a payload of another length', 'OUT_OF_LIMIT', { payloadBytes: payloadBytes - 1 }],
      ['more steps than asked for', 'OUT_OF_LIMIT', { steps: 11 }],
      ['more tokens than its steps have', 'OUT_OF_LIMIT', { tokens: 4 * 32 + 1 }],
      ['a signature of other numbers', 'BAD_SIGNATURE', { signature: new Uint8Array(64) }],
      ['a delta for another base', 'STALE_BASE', { base: new Uint8Array(32).fill(9) }],
      ['a round that is not open yet', 'WRONG_ROUND', { round: 2 }],
    ])('%s', async (_, code, changes) => {
      const relay = await start();
      const { first, second, opened } = await pair(relay, transport);
      await first.sendOffer(opened, payloadOf(1), changes);
      expect(await first.refusal()).toBe(code);
      await expectCounted(relay, code);
      await expectCommit(first, second, opened);
    });

    test('bytes with another hash than offered, and bytes that are not on the grid', async () => {
      const relay = await start();
      const { first, second, opened } = await pair(relay, transport);
      await first.sendOffer(opened, payloadOf(1));
      await first.next('resume');
      first.sendChunks(payloadOf(2), 0);
      expect(await first.refusal()).toBe('BAD_HASH');
      await expectCounted(relay, 'BAD_HASH');

      const offGrid = payloadOf(1);
      offGrid[0] = 200;
      await first.sendOffer(opened, offGrid);
      await first.next('resume');
      first.sendChunks(offGrid, 0);
      expect(await first.refusal()).toBe('BAD_PAYLOAD');
      await expectCounted(relay, 'BAD_PAYLOAD');

      const tooLong = new Uint8Array(payloadBytes).fill(100);
      for (let at = 0; at < payloadBytes; at += 1 + grid.block) tooLong[at] = grid.maxShift;
      await first.sendOffer(opened, tooLong);
      await first.next('resume');
      first.sendChunks(tooLong, 0);
      expect(await first.refusal()).toBe('NORM_EXCEEDED');
      await expectCounted(relay, 'NORM_EXCEEDED');
      await expectCommit(first, second, opened);
    });

    test('a delta for an old base, and a second delta in a round', async () => {
      const relay = await start({ create: smallRun({ target: 3, graceMs: 60_000 }) });
      const { first, second, opened } = await pair(relay, transport);
      const third = await ScriptedNode.join(relay.url, { transport });
      await first.contribute(opened, payloadOf(1));
      await first.sendOffer(opened, payloadOf(3));
      expect(await first.refusal()).toBe('DUPLICATE');
      await expectCounted(relay, 'DUPLICATE');
      await second.contribute(opened, payloadOf(2));
      await third.contribute(opened, payloadOf(3));
      await first.next('commit');
      const next = await first.next('roundOpen');
      await first.sendOffer({ round: next.round, base: opened.base }, payloadOf(1));
      expect(await first.refusal()).toBe('STALE_BASE');
      await second.sendOffer(opened, payloadOf(1));
      expect(await second.refusal()).toBe('TOO_LATE');
      await expectCounted(relay, 'STALE_BASE');
      await expectCounted(relay, 'TOO_LATE');
    });

    test('messages out of place', async () => {
      const relay = await start();
      const { first, second, opened } = await pair(relay, transport);
      await first.sendJoin();
      expect(await first.refusal()).toBe('UNEXPECTED');
      first.sendChunks(payloadOf(1), 0, 10);
      expect(await first.refusal()).toBe('UNEXPECTED');
      await first.sendOffer(opened, payloadOf(1));
      await first.next('resume');
      first.sendChunks(payloadOf(1), 100, 300, 50);
      expect(await first.refusal()).toBe('UNEXPECTED');
      // Chunks already sent are not refused one by one.
      await expectCounted(relay, 'UNEXPECTED', 3);
      await expectCommit(first, second, opened);
    });

    test('frames longer than any message', async () => {
      const relay = await start({ create: smallRun({ target: 4 }) });
      const { first, second, opened } = await pair(relay, transport);
      const third = await ScriptedNode.join(relay.url, { transport });
      third.send(new Uint8Array(70_000));
      expect(await third.closed).toBe(transport === 'fetch' ? 1000 : 1009);
      await expectCounted(relay, 'OUT_OF_LIMIT');
      await expectCommit(first, second, opened);
    });

    test('any messages of the schema, in any order and with any damage', async () => {
      const relay = await start({ create: smallRun({ maxNodes: 64 }) }, { refusals: 1000 });
      const { first, second, opened } = await pair(relay, transport);
      const valid = arbitraryOf(ToRelaySchema).map((plain) =>
        toBinary(ToRelaySchema, create(ToRelaySchema, plain)),
      );
      const frames = fc.array(fc.oneof({ weight: 4, arbitrary: valid }, fc.uint8Array({ maxLength: 300 })), {
        minLength: 1,
        maxLength: 40,
      });
      await fc.assert(
        fc.asyncProperty(frames, fc.boolean(), async (said, joined) => {
          const node = joined
            ? await ScriptedNode.join(relay.url, { transport })
            : await ScriptedNode.connect(relay.url, { transport });
          for (const frame of said) node.send(frame);
          node.sendHeartbeat(1);
          node.vanish();
        }),
        { numRuns: 40 },
      );
      expect((await get(relay, 'healthz')).status).toBe(200);
      await expectCommit(first, second, opened);
    });
  },
);

test('text instead of bytes, and too many fragments, end a WebSocket', async () => {
  const relay = await start({ create: smallRun({ target: 4 }) });
  const { first, second, opened } = await pair(relay);
  const third = await ScriptedNode.join(relay.url);
  third.socket.send('secret');
  expect(await third.refusal()).toBe('MALFORMED');
  expect(await third.goodbye()).toBe('REFUSED');
  const fourth = await ScriptedNode.join(relay.url);
  for (let i = 0; i < 70; i++) fourth.socket.send(new Uint8Array(1), { fin: i === 69 });
  expect(await fourth.closed).toBe(1008);
  await expectCommit(first, second, opened);
});
