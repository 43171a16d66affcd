import type { NewRun } from '../../relay/run.ts';
import { type DenseCodec, densePayloadBytes } from '../../relay/wire/dense.ts';
import { CodecKind, Lane, Tokenizer } from '../../relay/wire/tapestry_pb.js';

/** Enough that a payload takes two chunks. */
export const parameters = 70_000;
export const codec: DenseCodec = { bits: 8, block: 256, exponent: -20, maxShift: 12, clipNorm: 10 };
export const payloadBytes = densePayloadBytes(parameters, codec);
export const localSteps = 4;
export const maxTokens = 1024;

/** A run that trains nothing, but whose every number is one that a real run could have. */
export function smallRun(limits: Partial<NewRun['manifest']['limits']> & { rounds?: number } = {}): NewRun {
  const { rounds = 3, ...others } = limits;
  return {
    manifest: {
      version: 1,
      name: 'a small run',
      created: 1n,
      model: {
        vocabularySize: 260,
        layers: 1,
        dimension: 64,
        heads: 4,
        keyValueHeads: 2,
        feedForward: 128,
        contextLength: 16,
        ropeTheta: 10_000,
        normEpsilon: 1e-5,
        tiedHead: true,
        parameters,
        layout: new Uint8Array(32).fill(5),
      },
      tokenizer: Tokenizer.BYTES,
      strategy: {
        rounds,
        localSteps,
        batch: 2,
        sequence: 16,
        learningRate: 1e-3,
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
        quorum: 2,
        target: 2,
        deadlineMs: 20_000,
        graceMs: 200,
        payloadBytes,
        maxTokens,
        maxNodes: 8,
        ...others,
      },
      lane: Lane.OPEN,
      nations: ['Romance', 'Germanic'],
    },
    initialBase: Float32Array.from({ length: parameters }, (_, i) => Math.fround(Math.sin(i) / 50)),
  };
}
