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
import { beside, columns, type Draw, f32, u32, untouched, unwritten } from './draw.ts';
import { rotationOf } from './linear.ts';

const theta = presets.nano.ropeTheta;

/** The mean length of a case's documents. */
interface Documents {
  readonly mean: number;
}

/**
 * A single position, groups of heads, sequences that end within a tile or just after one; windows of one document, and
 * documents from one position to several tiles.
 */
const shapes = (draw: Draw): (AttentionShape & Partial<Documents>)[] => [
  { batch: 2, sequence: 1, heads: 4, keyValueHeads: 2, headSize: 8 },
  { batch: 3, sequence: 7, heads: 3, keyValueHeads: 1, headSize: 8, mean: 2 },
  { batch: 1, sequence: 64, heads: 2, keyValueHeads: 2, headSize: 16 },
  { batch: 2, sequence: 33, heads: 6, keyValueHeads: 3, headSize: 16 },
  { batch: 1, sequence: 131, heads: 2, keyValueHeads: 1, headSize: 16, mean: 40 },
  {
    batch: draw.upTo(3),
    sequence: draw.upTo(60),
    heads: 4,
    keyValueHeads: 2 ** (draw.upTo(3) - 1),
    headSize: 8,
    mean: draw.upTo(20),
  },
];

/** The position at which each row's document begins, and the binding that tells it to the kernels. */
function documentsOf(draw: Draw, { batch, sequence }: AttentionShape, mean: number | undefined) {
  const rows = batch * sequence;
  const starts = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) {
    const position = row % sequence;
    if (position === 0) continue;
    starts[row] = mean !== undefined && draw.upTo(mean) === 1 ? position : (starts[row - 1] ?? 0);
  }
  const ends = starts.map((start, row) => {
    const next = starts.findIndex((other, at) => at > row && other !== start);
    const left = sequence - (row % sequence);
    return next < 0 ? sequence : Math.min(sequence, sequence - left + next - row);
  });
  return { starts, given: u32([...starts].flatMap((start, row) => [start, sequence - (ends[row] ?? 0)])) };
}

/** The values for a shape: qkv as the projection gives it, and all results of attention in float64. */
function attended(draw: Draw, { mean, ...shape }: AttentionShape & Partial<Documents>) {
  const { batch, sequence, heads, keyValueHeads, headSize } = shape;
  const rows = batch * sequence;
  const [queryWidth, keyWidth] = [heads * headSize, keyValueHeads * headSize];
  const width = queryWidth + 2 * keyWidth;
  // Deviations above 1 make some weights of a softmax nearly 1.
  const qkv = draw.stored(rows * width, draw.upTo(2));
  const queries = columns(qkv.values, width, 0, queryWidth);
  const keys = columns(qkv.values, width, queryWidth, keyWidth);
  const values = columns(qkv.values, width, queryWidth + keyWidth, keyWidth);
  const { starts, given: documents } = documentsOf(draw, shape, mean);
  const packed = { ...shape, documents: starts };
  const output = reference.attentionForward(queries, keys, values, packed);
  const logSums = logSumsOf(queries, keys, packed);
  const sizes = { rows, queryWidth, keyWidth, width };
  return { ...sizes, shape, packed, documents, qkv, queries, keys, values, output, logSums };
}

/** The log-sum-exp of each query's scores: (batch, sequence, heads). */
function logSumsOf(queries: Float64Array, keys: Float64Array, shape: reference.AttentionShape): Float64Array {
  const { sequence, documents, heads, keyValueHeads, headSize } = shape;
  return Float64Array.from({ length: queries.length / headSize }, (_, query) => {
    const at = Math.floor(query / heads);
    const head = Math.floor((query % heads) / (heads / keyValueHeads));
    const start = documents?.[at] ?? 0;
    const scores = Array.from({ length: (at % sequence) + 1 - start }, (_, s) => {
      const key = (at - (at % sequence) + start + s) * keyValueHeads + head;
      return dot(row(queries, query, headSize), row(keys, key, headSize)) / Math.sqrt(headSize);
    });
    const greatest = Math.max(...scores);
    return greatest + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - greatest), 0));
  });
}

export function attentionForwardCases(draw: Draw): Case[] {
  return shapes(draw).map((drawn) => {
    const { shape, documents, qkv, output, logSums } = attended(draw, drawn);
    return caseOf(
      attentionForward,
      shape,
      {
        documents,
        qkv,
        output: unwritten('stored', output.length),
        logSums: unwritten('f32', logSums.length),
      },
      { output, logSums },
    );
  });
}

/** The inputs of both halves of the backward pass, and the float64 results. */
function backward(draw: Draw, drawn: AttentionShape & Partial<Documents>) {
  const { sequence, heads, keyValueHeads, headSize } = drawn;
  const made = attended(draw, drawn);
  const { packed, queries, keys, values, output, logSums, rows } = made;
  const outputGradient = draw.stored(output.length);
  const savedOutput = draw.rounded(output);
  const gradient = reference.attentionBackward(queries, keys, values, outputGradient.values, packed);
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
    // If each position sees only itself, the gradients of queries and keys cancel to 0.
    least: Math.sqrt(dot(outputGradient.values, outputGradient.values)),
  };
}

export function attentionBackwardQueryCases(draw: Draw): Case[] {
  return shapes(draw).map((drawn) => {
    const { shape, rows, keyWidth, queryGradient, deltas, least, ...given } = backward(draw, drawn);
    const { rotation, documents, qkv, savedOutput, savedLogSums, outputGradient, qkvGradient } = given;
    return caseOf(
      attentionBackwardQuery,
      shape,
      {
        rotation,
        documents,
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
  return shapes(draw).map((drawn) => {
    const { shape, rows, queryWidth, keyGradient, valueGradient, deltas, least, ...given } = backward(
      draw,
      drawn,
    );
    const { rotation, documents, qkv, savedLogSums, outputGradient, qkvGradient } = given;
    return caseOf(
      attentionBackwardKeyValue,
      shape,
      { rotation, documents, qkv, savedLogSums, outputGradient, savedDeltas: f32(deltas), qkvGradient },
      { qkvGradient: beside(rows, untouched(rows * queryWidth), keyGradient, valueGradient) },
      least,
    );
  });
}
