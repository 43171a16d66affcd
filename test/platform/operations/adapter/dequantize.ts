import { quantize } from '../../../../client/model/quantized/blocks.ts';
import { dequantize } from '../../../../client/model/quantized/dequantize.ts';
import { type Case, caseOf } from '../case.ts';
import { type Draw, u32, unwritten } from '../draw.ts';

/** One pair of blocks, and more than a workgroup has. */
export function dequantizeCases(draw: Draw): Case[] {
  return [64, 64 * draw.upTo(40)].map((length) => {
    const { values, scales } = quantize(Float32Array.from(draw.f32(length).values));
    const halves = new Float16Array(scales.buffer);
    const expected = Float64Array.from(
      values,
      (value, i) => value * (halves[Math.floor(i / 32)] ?? Number.NaN),
    );
    const given = {
      quantized: u32(new Uint32Array(values.buffer)),
      scales: u32(new Uint32Array(scales.buffer)),
      weights: unwritten('stored', length),
    };
    return caseOf(dequantize, { length }, given, { weights: expected });
  });
}
