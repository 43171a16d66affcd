import { choose, compensate, leave } from '../../../client/contribute/encoding/operations.ts';
import { divergenceSlopes } from '../../../client/derive/objectives/kernels/divergence.ts';
import { ktoSlopes, ktoSums } from '../../../client/derive/objectives/kernels/kto.ts';
import { policySlopes } from '../../../client/derive/objectives/kernels/policy.ts';
import { preferenceSlopes } from '../../../client/derive/objectives/kernels/preference.ts';
import { rewardSlopes } from '../../../client/derive/objectives/kernels/reward.ts';
import type { Operation } from '../../../client/gpu/operation.ts';
import { dropout } from '../../../client/model/adapter/operations/dropout.ts';
import * as magnitude from '../../../client/model/adapter/operations/magnitude.ts';
import { pack, unpack } from '../../../client/model/adapter/operations/pack.ts';
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
import * as scoreHead from '../../../client/model/operations/score.ts';
import { dequantize } from '../../../client/model/quantized/dequantize.ts';
import { castF16 } from '../../../client/train/cast-f16.ts';
import { clip, sumSquares } from '../../../client/train/optimizer/gradient-norm.ts';
import * as muon from '../../../client/train/optimizer/muon.ts';
import { adamw } from '../../../client/train/optimizer/optimizer.ts';
import type { Precision } from '../../../shaders/shader.ts';
import { dequantizeCases } from './adapter/dequantize.ts';
import { dropoutCases } from './adapter/dropout.ts';
import * as magnitudeCases from './adapter/magnitude.ts';
import { packCases, unpackCases } from './adapter/pack.ts';
import {
  attentionBackwardKeyValueCases,
  attentionBackwardQueryCases,
  attentionForwardCases,
} from './attention.ts';
import { cacheAppendCases, cachedAttentionCases } from './cached-attention.ts';
import type { Case } from './case.ts';
import { chooseCases, compensateCases, leaveCases } from './delta.ts';
import type { Draw } from './draw.ts';
import { embeddingBackwardCases, embeddingForwardCases } from './embedding.ts';
import {
  crossEntropyBackwardPartCases,
  crossEntropyCases,
  crossEntropyForwardPartCases,
} from './head/cross-entropy.ts';
import * as score from './head/score.ts';
import { linearBackwardInputCases, linearBackwardWeightCases, linearForwardCases } from './linear.ts';
import * as muonCases from './muon.ts';
import * as objectives from './objectives/cases.ts';
import * as optimizer from './optimizer.ts';
import { rmsNormBackwardCases, rmsNormBackwardGainCases, rmsNormForwardCases } from './rms-norm.ts';

/** The kinds of tolerance; see `tolerances`. */
export type Accuracy = 'elementwise' | 'product';

/** Relative L2 errors that only a wrong kernel exceeds. Results written in f32 have the tolerance of f32 with either storage. */
export const tolerances: Readonly<Record<Accuracy, Readonly<Record<Precision, number>>>> = {
  elementwise: { f32: 1e-5, f16: 5e-3 },
  product: { f32: 1e-4, f16: 5e-3 },
};

export interface Specification {
  readonly operation: Operation<never>;
  readonly accuracy: Accuracy;
  /** The storages of the programs that have this operation. */
  readonly storages: readonly Precision[];
  readonly cases: (draw: Draw) => Case[];
}

const both: readonly Precision[] = ['f32', 'f16'];
/** The update's program keeps everything in f32. */
const single: readonly Precision[] = ['f32'];

const specify =
  (accuracy: Accuracy, storages: readonly Precision[]) =>
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
  elementwise(scoreHead.scoreForward, score.scoreForwardCases),
  elementwise(scoreHead.scoreBackward, score.scoreBackwardCases),
  elementwise(scoreHead.scoreBackwardWeight, score.scoreBackwardWeightCases),
  elementwise(rewardSlopes, objectives.rewardCases),
  elementwise(preferenceSlopes, objectives.preferenceCases),
  elementwise(ktoSums, objectives.ktoSumsCases),
  elementwise(ktoSlopes, objectives.ktoSlopesCases),
  elementwise(divergenceSlopes, objectives.divergenceCases),
  elementwise(policySlopes, objectives.policyCases),
  elementwise(castF16, optimizer.castF16Cases),
  elementwise(magnitude.magnitudeForward, magnitudeCases.forwardCases),
  elementwise(magnitude.magnitudeBackwardInput, magnitudeCases.backwardInputCases),
  elementwise(magnitude.magnitudeGradient, magnitudeCases.gradientCases),
  elementwise(magnitude.rowLengths, magnitudeCases.rowLengthsCases),
  elementwise(dropout, dropoutCases),
  elementwise(dequantize, dequantizeCases),
  elementwise(pack, packCases),
  update(unpack, unpackCases),
  update(sumSquares, optimizer.sumSquaresCases),
  update(clip, optimizer.clipCases),
  update(adamw, optimizer.adamwCases),
  update(muon.muonMomentum, muonCases.momentumCases),
  updateProduct(muon.muonGram, muonCases.gramCases),
  update(muon.muonTrace, muonCases.traceCases),
  updateProduct(muon.muonPolynomial, muonCases.polynomialCases),
  updateProduct(muon.muonMultiply, muonCases.multiplyCases),
  update(muon.muonUpdate, muonCases.updateCases),
  update(compensate, compensateCases),
  update(choose, chooseCases),
  update(leave, leaveCases),
];
