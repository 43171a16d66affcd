import type { Operation, Storage } from '../../../client/gpu/operation.ts';
import * as attention from '../../../client/model/operations/attention.ts';
import { cacheAppend, cachedAttention } from '../../../client/model/operations/cached-attention.ts';
import {
  crossEntropy,
  crossEntropyBackwardPart,
  crossEntropyForwardPart,
} from '../../../client/model/operations/cross-entropy.ts';
import { embeddingBackward, embeddingForward } from '../../../client/model/operations/embedding.ts';
import * as linear from '../../../client/model/operations/linear.ts';
import * as rmsNorm from '../../../client/model/operations/rms-norm.ts';
import { clip, sumSquares } from '../../../client/train/gradient-norm.ts';
import { halve } from '../../../client/train/halve.ts';
import * as muon from '../../../client/train/muon.ts';
import { adamw } from '../../../client/train/optimizer.ts';
import {
  attentionBackwardKeyValueCases,
  attentionBackwardQueryCases,
  attentionForwardCases,
} from './attention.ts';
import { cacheAppendCases, cachedAttentionCases } from './cached-attention.ts';
import type { Case } from './case.ts';
import {
  crossEntropyBackwardPartCases,
  crossEntropyCases,
  crossEntropyForwardPartCases,
} from './cross-entropy.ts';
import type { Draw } from './draw.ts';
import { embeddingBackwardCases, embeddingForwardCases } from './embedding.ts';
import { linearBackwardInputCases, linearBackwardWeightCases, linearForwardCases } from './linear.ts';
import * as muonCases from './muon.ts';
import * as optimizer from './optimizer.ts';
import { rmsNormBackwardCases, rmsNormBackwardGainCases, rmsNormForwardCases } from './rms-norm.ts';

/** What an error is held to; see `tolerances`. */
export type Accuracy = 'elementwise' | 'product';

/** Relative L2 errors that only a wrong kernel exceeds. What an operation writes in f32 is held to f32 with either storage. */
export const tolerances: Readonly<Record<Accuracy, Readonly<Record<Storage, number>>>> = {
  elementwise: { f32: 1e-5, f16: 5e-3 },
  product: { f32: 1e-4, f16: 5e-3 },
};

export interface Specification {
  readonly operation: Operation<never>;
  readonly accuracy: Accuracy;
  /** Those of the programs that have it. */
  readonly storages: readonly Storage[];
  readonly cases: (draw: Draw) => Case[];
}

const both: readonly Storage[] = ['f32', 'f16'];
/** The update's program keeps everything in f32. */
const single: readonly Storage[] = ['f32'];

const specify =
  (accuracy: Accuracy, storages: readonly Storage[]) =>
  (operation: Operation<never>, cases: (draw: Draw) => Case[]): Specification => ({
    operation,
    accuracy,
    storages,
    cases,
  });
const product = specify('product', both);
const elementwise = specify('elementwise', both);
const update = specify('elementwise', single);
const updateProduct = specify('product', single);

/** Every operation of the engine. */
export const specifications: readonly Specification[] = [
  product(linear.linearForward, linearForwardCases),
  product(linear.linearBackwardInput, linearBackwardInputCases),
  product(linear.linearBackwardWeight, linearBackwardWeightCases),
  product(attention.attentionForward, attentionForwardCases),
  product(attention.attentionBackwardQuery, attentionBackwardQueryCases),
  product(attention.attentionBackwardKeyValue, attentionBackwardKeyValueCases),
  product(cachedAttention, cachedAttentionCases),
  elementwise(cacheAppend, cacheAppendCases),
  elementwise(rmsNorm.rmsNormForward, rmsNormForwardCases),
  elementwise(rmsNorm.rmsNormBackward, rmsNormBackwardCases),
  elementwise(rmsNorm.rmsNormBackwardGain, rmsNormBackwardGainCases),
  elementwise(embeddingForward, embeddingForwardCases),
  elementwise(embeddingBackward, embeddingBackwardCases),
  elementwise(crossEntropy, crossEntropyCases),
  elementwise(crossEntropyForwardPart, crossEntropyForwardPartCases),
  elementwise(crossEntropyBackwardPart, crossEntropyBackwardPartCases),
  elementwise(halve, optimizer.halveCases),
  update(sumSquares, optimizer.sumSquaresCases),
  update(clip, optimizer.clipCases),
  update(adamw, optimizer.adamwCases),
  update(muon.muonMomentum, muonCases.momentumCases),
  updateProduct(muon.muonGram, muonCases.gramCases),
  update(muon.muonTrace, muonCases.traceCases),
  updateProduct(muon.muonPolynomial, muonCases.polynomialCases),
  updateProduct(muon.muonMultiply, muonCases.multiplyCases),
  update(muon.muonUpdate, muonCases.updateCases),
];
