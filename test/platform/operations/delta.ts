import {
  type ChunksShape,
  choose,
  compensate,
  leave,
} from '../../../client/contribute/encoding/operations.ts';
import { at } from '../../../client/model/reference/vector.ts';
import { type Case, caseOf, type Given } from './case.ts';
import { type Draw, f32, u32, untouched, unwritten } from './draw.ts';

const decay = 0.95;

export function compensateCases(draw: Draw): Case[] {
  return [
    { vectors: 1, sums: 1, firstPartial: 0, decay },
    { vectors: 160, sums: 3, firstPartial: 2, decay },
    { vectors: 64 * draw.upTo(60), sums: draw.upTo(80), firstPartial: draw.upTo(9), decay: 1 },
  ].map((shape) => {
    const length = 4 * shape.vectors;
    const [base, parameters, residual] = [draw.f32(length), draw.f32(length), draw.f32(length)];
    const deltas = base.values.map((value, i) => value - at(parameters.values, i));
    const partials = untouched(shape.firstPartial + shape.sums);
    partials.fill(0, shape.firstPartial);
    deltas.forEach((delta, i) => {
      const sum = shape.firstPartial + (Math.floor(i / 4) % shape.sums);
      partials[sum] = at(partials, sum) + delta * delta;
    });
    return caseOf(
      compensate,
      shape,
      { base, parameters, residual, partials: unwritten('f32', partials.length) },
      { residual: deltas.map((delta, i) => delta + shape.decay * at(residual.values, i)), partials },
    );
  });
}

/** Whole chunks and shorter last ones; a short one alone; chunks that are chosen whole; and a part that is not the first. */
const shapes = (draw: Draw): ChunksShape[] => [
  { values: 1, chunk: 4096, top: 64, firstChunk: 0 },
  { values: 5, chunk: 8, top: 3, firstChunk: 2 },
  { values: 2 * 4096 + 700, chunk: 4096, top: 64, firstChunk: 0 },
  { values: 4096, chunk: 4096, top: 4096, firstChunk: 0 },
  {
    values: draw.upTo(9000),
    chunk: 100 + draw.upTo(900),
    top: draw.upTo(100),
    firstChunk: draw.upTo(3),
  },
];

/** The values of each chunk in the order in which they are chosen: by magnitude, of equal ones the first. */
function chosenOf({ values }: Given, { chunk, top, firstChunk }: ChunksShape) {
  const chunks = Math.ceil(values.length / chunk);
  const slots = (firstChunk + chunks) * top;
  const [places, chosen] = [untouched(slots), untouched(slots)];
  for (let i = 0; i < chunks; i++) {
    const part = values.subarray(i * chunk, (i + 1) * chunk);
    const order = [...part.keys()].sort((a, b) => Math.abs(at(part, b)) - Math.abs(at(part, a)) || a - b);
    const held = order.slice(0, Math.ceil((part.length * top) / chunk)).sort((a, b) => a - b);
    places.set(held, (firstChunk + i) * top);
    chosen.set(
      held.map((place) => at(part, place)),
      (firstChunk + i) * top,
    );
  }
  return { places, chosen };
}

/** Values of few magnitudes, so that many are equal, a third of them zero; and values that are all different. */
function drawn(draw: Draw, length: number, areEqual: boolean): Given {
  const { values } = draw.f32(length, 1.2);
  return f32(areEqual ? values.map(Math.round) : values);
}

export function chooseCases(draw: Draw): Case[] {
  return [false, true].flatMap((areEqual) =>
    shapes(draw).map((shape) => {
      const values = drawn(draw, shape.values, areEqual);
      const expected = chosenOf(values, shape);
      const slots = expected.places.length;
      const places = u32(new Uint32Array(slots).fill(7));
      return caseOf(choose, shape, { values, places, chosen: unwritten('f32', slots) }, expected);
    }),
  );
}

export function leaveCases(draw: Draw): Case[] {
  return shapes(draw).map((shape) => {
    const residual = draw.f32(shape.values);
    const { places } = chosenOf(residual, shape);
    const sent = draw.f32(places.length);
    const left = residual.values.slice();
    places.forEach((place, slot) => {
      const index = (Math.floor(slot / shape.top) - shape.firstChunk) * shape.chunk + place;
      if (!Number.isNaN(place)) left[index] = at(left, index) - at(sent.values, slot);
    });
    return caseOf(
      leave,
      shape,
      { places: u32(places.map((place) => place || 0)), sent, residual },
      { residual: left },
    );
  });
}
