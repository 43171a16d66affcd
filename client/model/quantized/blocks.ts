import { encodeNumbers } from '../../formats/tensors/number-type.ts';

/** Values of a block, which have a scale in common, and bytes of a block in files: the scale, then the values. */
const [blockLength, scaleBytes] = [32, 2];

/** Values in blocks of 32 of 8 bits (ggml's q8_0). */
export interface QuantizedValues {
  readonly values: Int8Array<ArrayBuffer>;
  /** One for each block, as the bits of halves. */
  readonly scales: Uint16Array<ArrayBuffer>;
}

/** Quantizes values, a multiple of 32, as files hold them, so that the same numbers are computed with and exported. */
export function quantize(given: Float32Array): QuantizedValues {
  const encoded = encodeNumbers('Q8_0', given);
  const view = new DataView(encoded.buffer);
  const values = new Int8Array(given.length);
  const scales = new Uint16Array(given.length / blockLength);
  for (let block = 0; block < scales.length; block++) {
    const at = block * (blockLength + scaleBytes);
    scales[block] = view.getUint16(at, true);
    values.set(new Int8Array(encoded.buffer, at + scaleBytes, blockLength), block * blockLength);
  }
  return { values, scales };
}
