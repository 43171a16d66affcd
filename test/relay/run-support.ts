import { createPrivateKey, createPublicKey } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { Random } from '../../client/random.ts';
import type { Clock } from '../../relay/clock.ts';
import type { NewRun, Run } from '../../relay/run.ts';
import { hashOfBytes } from '../../relay/store.ts';
import { densePayloadBytes, encodeDense } from '../../relay/wire/dense.ts';
import { fromHex, toHex } from '../../relay/wire/hex.ts';
import { offerBytes, sign } from '../../relay/wire/signed.ts';
import {
  type Acknowledgement,
  ChunkSchema,
  CodecKind,
  Lane,
  type Offer,
  OfferSchema,
  RefusalCode,
  Tokenizer,
} from '../../relay/wire/tapestry_pb.js';

/** A run small enough to make thousands of, and nodes that contribute to it without training anything. */
export const codec = { bits: 8, block: 32, exponent: -12, maxShift: 6, clipNorm: 10 };

export interface TinyRun {
  readonly parameters?: number;
  readonly rounds?: number;
  readonly quorum?: number;
  readonly target?: number;
  readonly deadlineMs?: number;
  readonly graceMs?: number;
  readonly seed?: number;
  readonly name?: string;
}

export function tinyRun(options: TinyRun = {}): NewRun {
  const {
    parameters = 100,
    rounds = 3,
    quorum = 2,
    target = 3,
    deadlineMs = 60_000,
    graceMs = 5_000,
  } = options;
  const random = Random.seeded(options.seed ?? 1);
  return {
    manifest: {
      version: 1,
      name: options.name ?? 'tiny',
      created: 1_700_000_000_000n,
      model: {
        vocabularySize: 260,
        layers: 1,
        dimension: 8,
        heads: 1,
        keyValueHeads: 1,
        feedForward: 8,
        contextLength: 16,
        ropeTheta: 10_000,
        normEpsilon: 1e-5,
        tiedHead: true,
        parameters,
        layout: new Uint8Array(32).fill(7),
      },
      tokenizer: Tokenizer.BYTES,
      strategy: {
        rounds,
        localSteps: 10,
        batch: 2,
        sequence: 16,
        learningRate: 0.001,
        warmupSteps: 1,
        finalFraction: 0.1,
        beta1: 0.9,
        beta2: 0.95,
        epsilon: 1e-8,
        weightDecay: 0.1,
        gradientClip: 1,
        outerLearningRate: 0.7,
        outerMomentum: 0.9,
      },
      codec: { kind: CodecKind.DENSE, ...codec },
      limits: {
        quorum,
        target,
        deadlineMs,
        graceMs,
        payloadBytes: densePayloadBytes(parameters, codec),
        maxTokens: 1000,
        maxNodes: 64,
      },
      lane: Lane.OPEN,
      nations: ['North', 'South'],
    },
    initialBase: new Float32Array(parameters).map(() => random.normal()),
  };
}

export interface TestNode {
  readonly key: string;
  readonly signing: CryptoKey;
}

/** RFC 8410: an Ed25519 private key is these bytes and then its seed. */
const pkcs8Prefix = fromHex('302e020100300506032b657004220420');

/** The node that a seed gives: the same key each time. */
export async function testNode(seed: number): Promise<TestNode> {
  const random = Random.seeded(seed, 13);
  const secret = new Uint8Array(32).map(() => random.below(256));
  const pkcs8 = new Uint8Array([...pkcs8Prefix, ...secret]);
  const pair = createPublicKey(createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' }));
  const publicKey = new Uint8Array(pair.export({ type: 'spki', format: 'der' }).subarray(-32));
  return {
    key: toHex(publicKey),
    signing: await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']),
  };
}

export function testNodes(count: number): Promise<TestNode[]> {
  return Promise.all(Array.from({ length: count }, (_, seed) => testNode(seed)));
}

/** A delta of norm about 1, drawn from a seed, as the node would send it. */
export function drawnPayload(parameters: number, seed: number): Uint8Array<ArrayBuffer> {
  const random = Random.seeded(seed, 77);
  return encodeDense(
    new Float32Array(parameters).map(() => random.normal() / Math.sqrt(parameters)),
    codec,
  ).payload;
}

/** The offer of `payload` for the round that the run has open, with whatever `changes` says instead. */
export async function offerFor(
  run: Run,
  node: TestNode,
  payload: Uint8Array<ArrayBuffer>,
  changes: Partial<Offer> = {},
): Promise<Offer> {
  const { round, base } = run.current();
  const unsigned = {
    round,
    base: fromHex(base),
    payload: fromHex(hashOfBytes(payload)),
    payloadBytes: payload.length,
    steps: 10,
    tokens: 320,
    trainingLoss: Math.fround(2.3),
    heldOutLoss: Math.fround(2.4),
    ...changes,
  };
  const signature = changes.signature ?? (await sign(node.signing, offerBytes(fromHex(run.id), unsigned)));
  return create(OfferSchema, { ...unsigned, signature });
}

/** Offers and uploads; the acknowledgement, or the name of the refusal. */
export async function contribute(
  run: Run,
  node: TestNode,
  payload: Uint8Array<ArrayBuffer>,
  changes: Partial<Offer> = {},
  chunkBytes = 64,
): Promise<Acknowledgement | string> {
  const answer = await run.offer(node.key, await offerFor(run, node, payload, changes));
  if ('refusal' in answer) return RefusalCode[answer.refusal];
  for (let offset = answer.resume; offset < payload.length; offset += chunkBytes) {
    const data = payload.subarray(offset, offset + chunkBytes);
    const received = await run.chunk(node.key, create(ChunkSchema, { offset, data }));
    if (received === null) continue;
    return 'refusal' in received ? RefusalCode[received.refusal] : received.acknowledgement;
  }
  throw new Error('the payload is sent, and no answer came');
}

/** Waits until what was asked of the run before is done. */
export async function settled(run: Run): Promise<void> {
  run.tick();
  await run.offer('0'.repeat(64), create(OfferSchema, { base: new Uint8Array(32) }));
}

/** A clock that stands still unless it is moved. */
export class TestClock implements Clock {
  time = 1_800_000_000_000;
  readonly now = () => this.time;
  readonly elapsed = this.now;
}
