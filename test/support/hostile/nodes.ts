import { NodeState, RefusalCode } from '../../../relay/wire/tapestry_pb.js';
import { newIdentity, ScriptedNode } from '../relay/scripted-node.ts';
import {
  type Attack,
  addressOf,
  type Counts,
  count,
  loops,
  pause,
  socketFrom,
  type Target,
} from './attack.ts';

/** A node that joined from the target's address of this number; rejects with the refusal's code. */
async function joined(
  target: Target,
  index: number,
  counts: Counts,
  identity = newIdentity(),
): Promise<ScriptedNode> {
  const socket = socketFrom(target.url, addressOf(target, index));
  const options = { identity: await identity, socket };
  const node = await ScriptedNode.connect(new URL(target.url), options);
  await node.sendJoin({ corpus: 0 });
  try {
    await node.next('welcome');
  } catch (error) {
    count(counts, 'refused joins');
    node.vanish();
    throw error;
  }
  count(counts, 'joins');
  return node;
}

/** Bytes of no delta, which differ each time. */
function randomPayload(bytes: number): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(bytes);
  crypto.getRandomValues(payload.subarray(0, 64));
  return payload;
}

/** Keys that each offer a payload, send one byte of it and leave. */
export const oneByteUploads: Attack = (target, counts, signal) =>
  loops(target.count, counts, signal, async (index) => {
    const node = await joined(target, index, counts);
    try {
      const opened = await node.next('roundOpen');
      const payload = randomPayload(target.payloadBytes);
      await node.sendOffer(opened, payload, { tokens: target.tokens });
      if (await node.refusedBefore('resume')) return count(counts, 'refused offers');
      await node.next('resume');
      node.sendChunks(payload, 0, 1);
      // The answer to a second offer tells that the relay has handled the chunk.
      await node.sendOffer(opened, payload, { tokens: target.tokens });
      count(counts, (await node.refusedBefore('resume')) ? 'refused uploads' : 'one-byte uploads');
    } finally {
      node.vanish();
    }
  });

/** Keys that send whole payloads, which have another hash than offered: the relay stores and reads each before it can refuse it. */
export const wholeUploads: Attack = (target, counts, signal) =>
  loops(target.count, counts, signal, async (index) => {
    const node = await joined(target, index, counts);
    try {
      const opened = await node.next('roundOpen');
      const bytes = new Uint8Array(target.payloadBytes);
      while (!signal.aborted) {
        const payload = crypto.getRandomValues(new Uint8Array(32));
        await node.sendOffer(opened, bytes, { tokens: target.tokens, payload });
        if (await node.refusedBefore('resume')) return count(counts, 'refused offers');
        node.sendChunks(bytes, (await node.next('resume')).offset);
        await node.next('refusal');
        count(counts, 'refused uploads');
      }
    } finally {
      node.vanish();
    }
  });

/** One node that uploads byte by byte, and offers the same payload again after each 100. */
export const oneByteChunks: Attack = (target, counts, signal) => {
  const identity = newIdentity();
  return loops(target.count, counts, signal, async (index) => {
    const node = await joined(target, index, counts, identity);
    try {
      const opened = await node.next('roundOpen');
      const payload = new Uint8Array(target.payloadBytes);
      for (let before = 0; !signal.aborted; ) {
        await node.sendOffer(opened, payload, { tokens: target.tokens });
        // The refusals of the chunks before come first.
        const { offset } = await node.next('resume');
        count(counts, 'one-byte chunks', Math.max(0, offset - before));
        count(counts, 'offers');
        if (offset <= before) await pause(1);
        node.sendChunks(payload, offset, offset + 100, 1);
        before = offset;
      }
    } finally {
      node.vanish();
    }
  });
};

/** One key that joins and leaves. */
export const joinAndLeave: Attack = (target, counts, signal) => {
  const identity = newIdentity();
  return loops(target.count, counts, signal, async (index) => {
    (await joined(target, index, counts, identity)).vanish();
  });
};

/** Keys that join and leave, a new one each time. */
export const manyKeysJoin: Attack = (target, counts, signal) =>
  loops(target.count, counts, signal, async (index) => {
    (await joined(target, index, counts)).vanish();
  });

/** Nodes that send valid heartbeats as fast as the relay reads them. */
export const heartbeats: Attack = (target, counts, signal) =>
  loops(target.count, counts, signal, async (index) => {
    const node = await joined(target, index, counts);
    while (!signal.aborted && node.socket.readyState === node.socket.OPEN) {
      for (let i = 0; i < 500 && node.socket.readyState === node.socket.OPEN; i++)
        node.sendHeartbeat(1, NodeState.TRAINING, target.tokensPerStep);
      count(counts, 'heartbeats', 500);
      // The timer lets the process read what the relay answers and hear that it shall stop.
      do await pause(1);
      while (node.socket.bufferedAmount > 0 && !signal.aborted);
    }
    node.vanish();
  });

/** Joins with wrong tokens. */
export const tokenGuesses: Attack = (target, counts, signal) =>
  loops(target.count, counts, signal, async (index) => {
    const socket = socketFrom(target.url, addressOf(target, index));
    const node = await ScriptedNode.connect(new URL(target.url), { socket });
    await node.sendJoin({}, `guess ${Math.random()}`);
    try {
      const { code } = await node.next('refusal');
      count(counts, code === RefusalCode.BAD_TOKEN ? 'guesses answered' : 'guesses refused');
    } finally {
      node.vanish();
    }
  });
