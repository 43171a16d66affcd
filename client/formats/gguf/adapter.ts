import { type HeadSizes, headSizeOf } from '../decoder/head-size.ts';
import { pickRows } from './llama.ts';
import { unsupported } from './metadata.ts';
import { ggufName, isRotated, rowsInTransformers } from './names.ts';
import { encodeGguf, type GgufPair, type GgufTensor } from './writer.ts';

/** An adapted matrix W + scale B A. */
export interface LowRankMatrix {
  /** The model's tensor. */
  readonly name: string;
  readonly rank: number;
  readonly scale: number;
  /** True if its rows have magnitudes. */
  readonly dora: boolean;
  readonly outputs: number;
  readonly inputs: number;
  readonly a: Float32Array; // (rank, inputs)
  readonly b: Float32Array; // (outputs, rank)
}

/**
 * Encodes an adapter as llama.cpp reads it (`--lora`). llama.cpp scales each matrix by alpha / rank with one alpha, so what
 * differs from that is multiplied into B. Throws `gguf.unsupported` for magnitudes.
 */
export function encodeGgufAdapter(
  sizes: HeadSizes,
  name: string,
  alpha: number,
  matrices: readonly LowRankMatrix[],
  metadata: Readonly<Record<string, string>>,
): Generator<Uint8Array<ArrayBuffer>, void, void> {
  const text = (value: string): GgufPair => ({ type: 'string', value });
  const notes = Object.entries(metadata).map(([key, value]): [string, GgufPair] => [key, text(value)]);
  const usable = alpha === 0 ? 1 : alpha;
  const pairs = {
    'general.architecture': text('llama'),
    'general.type': text('adapter'),
    'general.name': text(name),
    'adapter.type': text('lora'),
    'adapter.lora.alpha': { type: 'float32', value: usable } as const,
    ...Object.fromEntries(notes),
  };
  const headSize = headSizeOf(sizes);
  const tensors = matrices.flatMap((matrix): GgufTensor[] => {
    const { rank, outputs, inputs } = matrix;
    const written = ggufName(matrix.name);
    if (written === null) throw unsupported(`GGUF has no name for ${matrix.name}`);
    if (matrix.dora)
      throw unsupported('llama.cpp has no magnitudes of DoRA; merge the adapter into its model');
    const factor = (matrix.scale * rank) / usable;
    const b = () => {
      const rows = matrix.b.map((value) => value * factor);
      return isRotated(matrix.name) ? pickRows(rows, rowsInTransformers(outputs, headSize), rank) : rows;
    };
    return [
      { name: `${written}.lora_a`, shape: [rank, inputs], type: 'F32', values: () => matrix.a },
      { name: `${written}.lora_b`, shape: [outputs, rank], type: 'F32', values: b },
    ];
  });
  return encodeGguf(pairs, tensors);
}
