import { createPrivateKey, createPublicKey } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { Random } from '../../../client/random.ts';
import type { Clock } from '../../../relay/run/clock.ts';
import type { NewRun, Run } from '../../../relay/run/run.ts';
import { hashOfBytes } from '../../../relay/storage/sha256.ts';
import { denseCodec } from '../../../relay/wire/codec/dense.ts';
import { type SparseSettings, sparseCodec } from '../../../relay/wire/codec/sparse.ts';
import { type FragmentSettings, stridedFragments } from '../../../relay/wire/fragments.ts';
import { fromHex, toHex } from '../../../relay/wire/hex.ts';
import { offerBytes, sign } from '../../../relay/wire/signatures.ts';
import {
  type Acknowledgement,
  ChunkSchema,
  ModelPart,
  type Offer,
  OfferSchema,
  RefusalCode,
} from '../../../relay/wire/tapestry_pb.js';

/** A run so small that a test can make thousands, and nodes that contribute to it without training. */
export const grid = { bits: 8, block: 32, exponent: -12, maxShift: 6, clipNorm: 10 };
export const codec = denseCodec(grid);

export interface TinyRun {
  readonly parameters?: number;
  readonly rounds?: number;
  readonly quorum?: number;
  readonly target?: number;
  readonly deadlineMs?: number;
  readonly graceMs?: number;
  /** Sizes of the tensors of a run with the robust mean; the weighted mean unless given. */
  readonly tensors?: number[];
  /** Another merge rule. */
  readonly merge?: NewRun['manifest']['merge'];
  /** The settings of a sparse codec, and the outer step `sgd` with it; the dense codec and `nesterov` unless given. */
  readonly sparse?: SparseSettings;
  /** A fragment a round; the whole model unless given. */
  readonly fragments?: FragmentSettings;
  /** Grants the upper layers, from this value of the vector on; no part unless given. */
  readonly upperFrom?: number;
  /** The norm bound; the clip norm unless given. */
  readonly following?: { readonly factor: number; readonly rounds: number };
  /** The guard's tokens, and by how much the loss on them may rise; no guard unless given. */
  readonly probe?: {
    readonly tokens: Uint8Array<ArrayBuffer>;
    readonly maxIncrease: number;
    readonly rounds: number;
  };
  /** How bases reach nodes; whole unless given. */
  readonly downlink?: NonNullable<NewRun['manifest']['downlink']>;
  /** What decides the weight of a contribution; the tokens that it claims unless given. */
  readonly quality?: NonNullable<NewRun['manifest']['quality']>;
  /** Per cent of a round's weight that one contribution may have; 100 unless given. */
  readonly weightShare?: number;
  /** Rounds for which payloads are kept; 0, always, unless given. */
  readonly payloadRounds?: number;
  /** Timed rounds; fixed steps unless given. */
  readonly timed?: { readonly leastSteps: number; readonly stretch: number };
  /** Contributions as they arrive; fixed steps unless given. */
  readonly arrivals?: { readonly maxStaleness: number; readonly leastSteps: number };
  /** The outer step, if it is not that of the codec. */
  readonly outer?: NonNullable<NewRun['manifest']['strategy']>['outer'];
  /** 10 unless given. */
  readonly localSteps?: number;
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
    probe,
    fragments,
  } = options;
  const values = fragments ? stridedFragments(parameters, fragments).length : parameters;
  const random = Random.seeded(options.seed ?? 1);
  return {
    manifest: {
      version: 2,
      name: options.name ?? 'tiny',
      created: 1_700_000_000_000n,
      model: {
        vocabularySize: 260,
        layers: 1,
        dimension: 8,
        heads: 1,
        headSize: 0,
        keyValueHeads: 1,
        feedForward: 8,
        contextLength: 16,
        ropeTheta: 10_000,
        normEpsilon: 1e-5,
        tiedHead: true,
        parameters,
        layout: new Uint8Array(32).fill(7),
        ropeScaling: { case: 'unscaled', value: {} },
      },
      tokenizer: { case: 'bytes', value: {} },
      strategy: {
        rounds,
        localSteps: options.localSteps ?? 10,
        batch: 2,
        sequence: 16,
        learningRate: 0.001,
        warmupSteps: 1,
        finalFraction: 0.1,
        accumulation: 1,
        recompute: false,
        gradientClip: 1,
        inner: { case: 'adamw', value: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 } },
        schedule: { case: 'cosine', value: {} },
        precision: { case: 'f32', value: {} },
        outer:
          options.outer ??
          (options.sparse
            ? { case: 'sgd', value: { learningRate: 1, finalRate: 0.4, constantRounds: 1 } }
            : { case: 'nesterov', value: { learningRate: 0.7, momentum: 0.9 } }),
        part: fragments
          ? {
              case: 'fragments',
              value: { ...fragments, arrival: { case: 'afterSteps', value: { localShare: 0.5 } } },
            }
          : options.upperFrom !== undefined
            ? { case: 'upperLayers', value: { layers: 1, from: options.upperFrom } }
            : { case: 'wholeModel', value: {} },
      },
      codec: options.sparse ? { case: 'sparse', value: options.sparse } : { case: 'dense', value: grid },
      merge:
        options.merge ??
        (options.tensors
          ? { case: 'robustMean', value: { tensors: options.tensors, normFactor: 1.25 } }
          : { case: 'weightedMean', value: {} }),
      limits: {
        quorum,
        target,
        deadlineMs,
        graceMs,
        payloadBytes: (options.sparse ? sparseCodec(options.sparse) : codec).payloadBytes(values),
        maxTokens: Math.max(1000, (options.localSteps ?? 0) * 32),
        maxNodes: 64,
        graceShare: 50,
        weightShare: options.weightShare ?? 100,
        payloadRounds: options.payloadRounds ?? 0,
      },
      lane: { case: 'open', value: {} },
      guard:
        probe === undefined
          ? { case: 'unguarded', value: {} }
          : {
              case: 'probe',
              value: {
                hash: fromHex(hashOfBytes(probe.tokens)),
                byteLength: probe.tokens.length,
                maxIncrease: probe.maxIncrease,
                rounds: probe.rounds,
              },
            },
      norm: options.following
        ? { case: 'following', value: options.following }
        : { case: 'fixed', value: {} },
      pace: paceOf(options),
      downlink: options.downlink ?? { case: 'full', value: {} },
      quality: options.quality ?? { case: 'claimed', value: {} },
      contributionReaders: { case: 'anyone', value: {} },
      corpora: ['North', 'South'],
    },
    initialBase: new Float32Array(parameters).map(() => random.normal()),
    ...(probe === undefined ? {} : { probe: probe.tokens }),
  };
}

function paceOf({ timed, arrivals }: TinyRun): NonNullable<NewRun['manifest']['pace']> {
  if (arrivals) return { case: 'arrivals', value: arrivals };
  return timed ? { case: 'timed', value: timed } : { case: 'fixedSteps', value: {} };
}

export interface TestNode {
  readonly key: string;
  readonly signing: CryptoKey;
}

/** RFC 8410: an Ed25519 private key is these bytes and then its seed. */
const pkcs8Prefix = fromHex('302e020100300506032b657004220420');

/** The private key that is derived from a seed, as PKCS8 in DER. */
export function testKey(seed: number): Uint8Array<ArrayBuffer> {
  const random = Random.seeded(seed, 13);
  const secret = new Uint8Array(32).map(() => random.below(256));
  return new Uint8Array([...pkcs8Prefix, ...secret]);
}

/** A node whose key is derived from a seed. */
export async function testNode(seed: number): Promise<TestNode> {
  const pkcs8 = testKey(seed);
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

/** The payload of a delta. */
export function payloadOfValues(values: Float32Array): Uint8Array<ArrayBuffer> {
  return codec.encode(values, new Float32Array(values.length));
}

/** A delta of norm about 1, drawn from a seed, as the node would send it. */
export function drawnPayload(parameters: number, seed: number): Uint8Array<ArrayBuffer> {
  const random = Random.seeded(seed, 77);
  return payloadOfValues(new Float32Array(parameters).map(() => random.normal() / Math.sqrt(parameters)));
}

/** The offer of `payload` for the run's open round, with the fields of `changes` replaced. */
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
    tokens: (changes.steps ?? 10) * 32,
    trainingLoss: Math.fround(2.3),
    heldOutLoss: Math.fround(2.4),
    part: ModelPart.WHOLE,
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
  if ('acknowledgement' in answer) return answer.acknowledgement;
  for (let offset = answer.resume; offset < payload.length; offset += chunkBytes) {
    const data = payload.subarray(offset, offset + chunkBytes);
    const received = await run.chunk(node.key, create(ChunkSchema, { offset, data }));
    if (received === null) continue;
    return 'refusal' in received ? RefusalCode[received.refusal] : received.acknowledgement;
  }
  throw new Error('the payload is sent, and no answer came');
}

/** Waits until all earlier requests to the run are done. */
export async function settled(run: Run): Promise<void> {
  // A tick that was asked for already may come before what was asked after it.
  await run.tick();
  await run.tick();
}

/** A clock that only the test moves. */
export class TestClock implements Clock {
  #now = 1_800_000_000_000;
  #elapsed = 5000;
  readonly now = () => this.#now;
  readonly elapsed = () => this.#elapsed;

  /** Time passes. */
  pass(milliseconds: number): void {
    this.#now += milliseconds;
    this.#elapsed += milliseconds;
  }

  /** The wall clock is set to another time; none passes. */
  step(milliseconds: number): void {
    this.#now += milliseconds;
  }
}
