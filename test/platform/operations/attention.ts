import { presets } from '../../../client/model/config.ts';
import {
  type AttentionShape,
  attentionBackwardKeyValue,
  attentionBackwardQuery,
  attentionForward,
} from '../../../client/model/operations/attention.ts';
import * as reference from '../../../client/model/reference/attention.ts';
import { ropeBackward } from '../../../client/model/reference/rope.ts';
import { dot, row } from '../../../client/model/reference/vector.ts';
import { type Case, caseOf } from './case.ts';
import { beside, columns, type Draw, f32, untouched, unwritten } from './draw.ts';
import { rotationOf } from './linear.ts';

const theta = presets.nano.ropeTheta;

/** One place, groups of heads, sequences that end within a tile and just behind one. */
const shapes = (draw: Draw): AttentionShape[] => [
  { batch: 2, sequence: 1, heads: 4, keyValueHeads: 2, headSize: 8 },
  { batch: 3, sequence: 7, heads: 3, keyValueHeads: 1, headSize: 8 },
  { batch: 1, sequence: 64, heads: 2, keyValueHeads: 2, headSize: 32 },
  { batch: 2, sequence: 33, heads: 6, keyValueHeads: 3, headSize: 32 },
  { batch: 1, sequence: 131, heads: 2, keyValueHeads: 1, headSize: 32 },
  {
    batch: draw.upTo(3),
    sequence: draw.upTo(60),
    heads: 4,
    keyValueHeads: 2 ** (draw.upTo(3) - 1),
    headSize: 8,
  },
];

/** Of a shape: qkv as the projection hands it over, and everything that attention makes of it, in float64. */
function attended(draw: Draw, shape: AttentionShape) {
  const { batch, sequence, heads, keyValueHeads, headSize } = shape;
  const rows = batch * sequence;
  const [queryWidth, keyWidth] = [heads * headSize, keyValueHeads * headSize];
  const width = queryWidth + 2 * keyWidth;
  // Deviations above 1 make some weights of a softmax nearly 1.
  const qkv = draw.stored(rows * width, draw.upTo(2));
  const queries = columns(qkv.values, width, 0, queryWidth);
  const keys = columns(qkv.values, width, queryWidth, keyWidth);
  const values = columns(qkv.values, width, queryWidth + keyWidth, keyWidth);
  const output = reference.attentionForward(queries, keys, values, shape);
  const logSums = logSumsOf(queries, keys, shape);
  return { rows, queryWidth, keyWidth, width, qkv, queries, keys, values, output, logSums };
}

/** The log-sum-exp of each query's scores: (batch, sequence, heads). */
function logSumsOf(queries: Float64Array, keys: Float64Array, shape: AttentionShape): Float64Array {
  const { sequence, heads, keyValueHeads, headSize } = shape;
  return Float64Array.from({ length: queries.length / headSize }, (_, query) => {
    const at = Math.floor(query / heads);
    const head = Math.floor((query % heads) / (heads / keyValueHeads));
    const scores = Array.from({ length: (at % sequence) + 1 }, (_, s) => {
      const key = (at - (at % sequence) + s) * keyValueHeads + head;
      return dot(row(queries, query, headSize), row(keys, key, headSize)) / Math.sqrt(headSize);
    });
    const greatest = Math.max(...scores);
    return greatest + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - greatest), 0));
  });
}

export function attentionForwardCases(draw: Draw): Case[] {
  return shapes(draw).map((shape) => {
    const { qkv, output, logSums } = attended(draw, shape);
    return caseOf(
      attentionForward,
      shape,
      { qkv, output: unwritten('stored', output.length), logSums: unwritten('f32', logSums.length) },
      { output, logSums },
    );
  });
}

/** What both halves of the backward pass are given, and what float64 makes of it. */
function backward(draw: Draw, shape: AttentionShape) {
  const { sequence, heads, keyValueHeads, headSize } = shape;
  const made = attended(draw, shape);
  const { queries, keys, values, output, logSums, rows } = made;
  const outputGradient = draw.stored(output.length);
  const savedOutput = draw.rounded(output);
  const gradient = reference.attentionBackward(queries, keys, values, outputGradient.values, shape);
  const keyShape = { sequence, heads: keyValueHeads, headSize };
  const deltas = Float64Array.from({ length: rows * heads }, (_, i) =>
    dot(row(savedOutput.values, i, headSize), row(outputGradient.values, i, headSize)),
  );
  return {
    ...made,
    savedOutput,
    outputGradient,
    deltas,
    queryGradient: ropeBackward(gradient.queries, theta, { sequence, heads, headSize }),
    keyGradient: ropeBackward(gradient.keys, theta, keyShape),
    valueGradient: gradient.values,
    savedLogSums: f32(logSums),
    rotation: rotationOf(headSize, sequence),
    qkvGradient: unwritten('stored', rows * made.width),
    // Where each place sees itself only, nothing is left of the queries' and keys' gradients.
    least: Math.sqrt(dot(outputGradient.values, outputGradient.values)),
  };
}

export function attentionBackwardQueryCases(draw: Draw): Case[] {
  return shapes(draw).map((shape) => {
    const { rows, keyWidth, queryGradient, deltas, least, ...given } = backward(draw, shape);
    const { rotation, qkv, savedOutput, savedLogSums, outputGradient, qkvGradient } = given;
    return caseOf(
      attentionBackwardQuery,
      shape,
      {
        rotation,
        qkv,
        savedOutput,
        savedLogSums,
        outputGradient,
        deltas: unwritten('f32', deltas.length),
        qkvGradient,
      },
      { deltas, qkvGradient: beside(rows, queryGradient, untouched(rows * 2 * keyWidth)) },
      least,
    );
  });
}

export function attentionBackwardKeyValueCases(draw: Draw): Case[] {
  return shapes(draw).map((shape) => {
    const { rows, queryWidth, keyGradient, valueGradient, deltas, least, ...given } = backward(draw, shape);
    const { rotation, qkv, savedLogSums, outputGradient, qkvGradient } = given;
    return caseOf(
      attentionBackwardKeyValue,
      shape,
      { rotation, qkv, savedLogSums, outputGradient, savedDeltas: f32(deltas), qkvGradient },
      { qkvGradient: beside(rows, untouched(rows * queryWidth), keyGradient, valueGradient) },
      least,
    );
  });
}
