import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { newRun } from '../../apps/cli/run/new-run.ts';
import { type Corpus, corpusFromTexts } from '../../client/data/corpus.ts';
import { nodeRuntime } from '../../client/host/node/runtime.ts';
import { Random } from '../../client/random.ts';
import {
  decodeToRelay,
  encodeToRelay,
  type MessageToRelay,
  maxChunkBytes,
  socketPath,
  subprotocol,
} from '../../relay/wire/frames.ts';
import { impatient, Stage, tinyRun } from '../support/contribute/harness.ts';
import { encodings, fragmentLength, LeakDetector } from './leaks.ts';
import { type Recording, startRecordingProxy } from './recording-proxy.ts';

const stage = new Stage();
afterEach(() => stage.close());

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const corpora = ['even', 'odd'];

/** A node's text and everything private in it: its words and the corpus's name. */
interface Secret {
  readonly corpus: Corpus;
  readonly texts: readonly string[];
}

/** `alphabet` is the number of letters: text of two letters is easy to learn and compress, text of 52 is noise. */
function secret(seed: number, alphabet: number): Secret {
  const random = Random.seeded(seed, 5);
  const word = (length: number, of: number) =>
    Array.from({ length }, () => letters[random.below(of)] ?? '').join('');
  const canary = () => `canary-${word(24, letters.length)}`;
  const paragraph = () => `${canary()} ${Array.from({ length: 12 }, () => word(6, alphabet)).join(' ')}\n`;
  const text = Array.from({ length: 8 }, paragraph).join('');
  const name = canary();
  return { corpus: corpusFromTexts(name, [text]), texts: [text, name] };
}

type Case = MessageToRelay['case'];

/** Everything a node sent in a run over all its connections, as bytes and as parsed messages. */
interface Sent {
  readonly streams: readonly Buffer[];
  readonly requests: readonly number[];
  readonly sizes: Readonly<Record<Case, readonly number[]>>;
  /** Data of all chunks, one after the other. */
  readonly payloads: Buffer;
}

function sentBy(recordings: readonly Recording[]): Sent {
  const sizes: Record<Case, number[]> = { join: [], offer: [], chunk: [], heartbeat: [], leave: [] };
  const payloads: Buffer[] = [];
  const messages = recordings.flatMap((recording) => recording.messages);
  for (const frame of messages) {
    const message = decodeToRelay(new Uint8Array(frame));
    sizes[message.case].push(frame.length);
    if (message.case === 'chunk') payloads.push(Buffer.from(message.value.data));
  }
  return {
    streams: [
      ...recordings.map((recording) => recording.bytes()),
      Buffer.concat(messages),
      Buffer.concat(recordings.flatMap(({ control }) => control)),
      Buffer.concat(payloads),
    ],
    requests: recordings.flatMap((recording) => recording.requests),
    sizes,
    payloads: Buffer.concat(payloads),
  };
}

/** A whole run of a nano model on the nodes' texts, each node behind a proxy of its own. */
async function recordRun(secrets: readonly Secret[]) {
  const create = newRun({
    ...{ name: 'border', preset: 'nano', rounds: 2, steps: 2, batch: 1, corpora, seed: 1, created: 1 },
    ...{
      quorum: secrets.length,
      maxNodes: 8,
      readers: 'anyone',
      deadlineMs: 600_000,
      graceMs: 600_000,
    },
  });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const proxies = await Promise.all(secrets.map(() => startRecordingProxy(relay.url)));
  try {
    const nodes = [];
    for (const [i, { corpus }] of secrets.entries()) {
      const url = proxies[i]?.url ?? relay.url;
      const corpusName = corpora[i] ?? '';
      const folder = await stage.folder();
      nodes.push(
        stage.node(folder, url, {
          corpus,
          corpusName,
          seed: i,
          // More than 20 heartbeats a second would exceed the relay's budget for messages.
          runtime: impatient(nodeRuntime({ folder }), 60),
        }),
      );
    }
    expect(await Promise.all(nodes.map(({ done }) => done))).toEqual(nodes.map(() => undefined));
    expect(relay.status().totals.contributions).toBe(2 * secrets.length);
    return {
      sent: proxies.map(({ recordings }) => sentBy(recordings)),
      events: nodes.map(({ events }) => JSON.stringify(events)),
      status: JSON.stringify(relay.status()),
    };
  } finally {
    for (const proxy of proxies) await proxy.close();
  }
}

test('a run sends nothing of the text, and the same frames for any text', async () => {
  const plain = [secret(1, 2), secret(2, 2)];
  const noisy = [secret(3, 52), secret(4, 52)];
  const [first, second] = [await recordRun(plain), await recordRun(noisy)];

  for (const [run, secrets] of [
    [first, plain],
    [second, noisy],
  ] as const) {
    const detector = new LeakDetector(secrets.flatMap(({ texts }) => texts));
    for (const { streams } of run.sent) for (const bytes of streams) expect(detector.find(bytes)).toEqual([]);
    for (const told of [...run.events, run.status]) expect(detector.find(Buffer.from(told))).toEqual([]);
  }

  for (const [i, one] of first.sent.entries()) {
    const other = second.sent[i];
    if (other === undefined) throw new Error('a node is missing');
    // The runs learned from different texts, so equal frames are no accident.
    expect(one.payloads.length).toBeGreaterThan(2 * 2 * maxChunkBytes);
    expect(one.payloads.equals(other.payloads)).toBe(false);
    const { heartbeat, ...asked } = one.sizes;
    const { heartbeat: otherHeartbeat, ...otherAsked } = other.sizes;
    expect(asked.offer).toHaveLength(2);
    expect(otherAsked).toEqual(asked);
    // Requests run side by side, so their order depends on timing.
    const sorted = (sizes: readonly number[]) => sizes.toSorted((a, b) => a - b);
    expect(sorted(other.requests)).toEqual(sorted(one.requests));
    // The number of heartbeats depends on the run's duration; a node with a short interval sends several.
    expect(heartbeat.length).toBeGreaterThan(1);
    expect(new Set([...heartbeat, ...otherHeartbeat]).size).toBe(1);
  }
});

/** Ways to leak text to the relay. */
const ways: Readonly<Record<string, (relay: URL, leak: Buffer) => Promise<void>>> = {
  async 'a message of its own'(relay, leak) {
    const socket = await openSocket(relay);
    socket.send(Buffer.concat([Buffer.from('xyz'), leak, Buffer.from('xyz')]));
    await sentAll(socket);
  },
  async 'chunks that each hold a part'(relay, leak) {
    const socket = await openSocket(relay);
    for (let offset = 0; offset < leak.length; offset += 3) {
      const data = Uint8Array.from(leak.subarray(offset, offset + 3));
      socket.send(encodeToRelay({ case: 'chunk', value: { offset, data } }));
    }
    await sentAll(socket);
  },
  async 'a ping'(relay, leak) {
    const socket = await openSocket(relay);
    socket.ping(leak);
    await sentAll(socket);
  },
  async 'the body of a request'(relay, leak) {
    const body = Uint8Array.from(leak);
    await (await fetch(relay, { method: 'POST', body })).body?.cancel();
  },
};

async function openSocket(relay: URL): Promise<WebSocket> {
  const url = new URL(`.${socketPath}`, relay);
  url.protocol = 'ws:';
  const socket = new WebSocket(url, subprotocol, { perMessageDeflate: false });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return socket;
}

async function sentAll(socket: WebSocket): Promise<void> {
  const closed = new Promise((resolve) => socket.once('close', resolve).once('error', () => {}));
  socket.close();
  await closed;
}

const { texts } = secret(9, 52);
const detector = new LeakDetector(texts);

test.each(Object.keys(encodings))('the search finds text that is sent as %s', async (encoding) => {
  const create = tinyRun({ rounds: 1, localSteps: 1, quorum: 1, target: 1 });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  for (const [way, send] of Object.entries(ways)) {
    const found = async (fragment: string) => {
      const proxy = await startRecordingProxy(relay.url);
      await send(proxy.url, encodings[encoding]?.(fragment) ?? Buffer.alloc(0));
      const streams = proxy.recordings.flatMap((recording) => rawStreams(recording));
      await proxy.close();
      return new Set(streams.flatMap((bytes) => detector.find(bytes)).map((leak) => leak.encoding));
    };
    const text = texts[0] ?? '';
    // Only the shortest fragment that counts is sent, from the middle of the text.
    const leaked = await found(text.slice(37, 37 + fragmentLength));
    expect(leaked, way).toContain(encoding);
    expect(await found('no word of it'), way).toEqual(new Set());
  }
});

/** The form that `sentBy` gives, for a sender that follows no protocol. */
function rawStreams({ bytes, messages, control }: Recording): Buffer[] {
  const chunks = messages.flatMap((frame) => {
    try {
      const message = decodeToRelay(new Uint8Array(frame));
      return message.case === 'chunk' ? [Buffer.from(message.value.data)] : [];
    } catch {
      return [];
    }
  });
  return [bytes(), Buffer.concat(messages), Buffer.concat(control), Buffer.concat(chunks)];
}
