import { pack, unpack } from '../../../../client/model/adapter/operations/pack.ts';
import { type Case, caseOf, type Given } from '../case.ts';
import { type Draw, struct, unwritten } from '../draw.ts';

/** A table that names every parameter once, at a drawn place of the packed matrices; the other places are always zero. */
function drawTable(draw: Draw, length: number, parameters: number) {
  const places = Array.from({ length }, (_, i) => i);
  const sources = new Array<number>(length).fill(0);
  const factors = Array.from({ length }, () => draw.upTo(7) / 4);
  for (let source = 1; source <= parameters; source++) {
    const [place = 0] = places.splice(draw.upTo(places.length) - 1, 1);
    sources[place] = source;
  }
  const words = sources.flatMap((source, i) => [['u32', source] as const, ['f32', factors[i] ?? 0] as const]);
  return { table: struct(words), sources, factors };
}

const sizes = (draw: Draw) => [
  { length: 4, parameters: 3 },
  { length: 260, parameters: 200 },
  { length: 4 * draw.upTo(200), parameters: draw.upTo(4) },
];

export function packCases(draw: Draw): Case[] {
  return sizes(draw).map(({ length, parameters: count }) => {
    const { table, sources, factors } = drawTable(draw, length, count);
    const parameters = draw.f32(count);
    const expected = Float64Array.from(sources, (source, i) =>
      source === 0 ? 0 : (parameters.values[source - 1] ?? Number.NaN) * (factors[i] ?? Number.NaN),
    );
    const given = { table, parameters, packed: unwritten('stored', length) };
    return caseOf(pack, { length }, given, { packed: expected });
  });
}

export function unpackCases(draw: Draw): Case[] {
  return sizes(draw).map(({ length, parameters: count }) => {
    const { table, sources, factors } = drawTable(draw, length, count);
    const packedGradient = draw.f32(length);
    // One more element, which the table does not name, keeps its value.
    const gradient: Given = unwritten('f32', count + 1);
    const expected = gradient.values.slice();
    sources.forEach((source, i) => {
      if (source > 0)
        expected[source - 1] = (packedGradient.values[i] ?? Number.NaN) * (factors[i] ?? Number.NaN);
    });
    return caseOf(unpack, { length }, { table, packedGradient, gradient }, { gradient: expected });
  });
}
