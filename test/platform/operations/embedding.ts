import { embeddingBackward, embeddingForward } from '../../../client/model/operations/embedding.ts';
import * as reference from '../../../client/model/reference/embedding.ts';
import { type Case, caseOf } from './case.ts';
import { type Draw, plus, u32, unwritten } from './draw.ts';

/** Whole tables, and the middle one of three parts of a larger one. */
const shapes = (draw: Draw) =>
  [
    { rows: 1, parts: 1, vocabulary: 1, width: 4 },
    { rows: 60, parts: 1, vocabulary: 23, width: 36 },
    { rows: 37, parts: 3, vocabulary: 5, width: 68 },
    { rows: draw.upTo(60), parts: 1, vocabulary: draw.upTo(40), width: 4 * draw.upTo(20) },
  ].map(({ parts, ...shape }) => {
    const firstToken = parts === 1 ? 0 : shape.vocabulary;
    const all = parts * shape.vocabulary;
    const tokens = Uint32Array.from({ length: shape.rows }, () => draw.upTo(all) - 1);
    return { shape: { ...shape, firstToken }, all, tokens };
  });

export function embeddingForwardCases(draw: Draw): Case[] {
  return shapes(draw).map(({ shape, all, tokens }) => {
    const { rows, vocabulary, width, firstToken } = shape;
    const table = draw.stored(vocabulary * width);
    // Rows of the other parts are not bound and must not be written.
    const whole = new Float64Array(all * width).fill(Number.NaN);
    whole.set(table.values, firstToken * width);
    return caseOf(
      embeddingForward,
      shape,
      { tokens: u32(tokens), table, output: unwritten('stored', rows * width) },
      { output: reference.embeddingForward(tokens, whole, width) },
    );
  });
}

export function embeddingBackwardCases(draw: Draw): Case[] {
  return [false, true].flatMap((accumulate) =>
    shapes(draw).map(({ shape, all, tokens }) => {
      const { rows, vocabulary, width, firstToken } = shape;
      const outputGradient = draw.stored(rows * width);
      const tableGradient = accumulate ? draw.f32(vocabulary * width) : unwritten('f32', vocabulary * width);
      const sums = reference
        .embeddingBackward(tokens, outputGradient.values, { vocabulary: all, width })
        .slice(firstToken * width, (firstToken + vocabulary) * width);
      const order = Array.from(tokens.keys()).sort((a, b) => (tokens[a] ?? 0) - (tokens[b] ?? 0) || a - b);
      const starts = Array.from({ length: all + 1 }, (_, token) => tokens.filter((t) => t < token).length);
      return caseOf(
        embeddingBackward,
        { ...shape, accumulate },
        { order: u32(order), starts: u32(starts), outputGradient, tableGradient },
        { tableGradient: accumulate ? plus(sums, tableGradient.values) : sums },
      );
    }),
  );
}
