import { paddedExtents } from './config.ts';
import type { DecoderContext } from './layer.ts';
import type { RowSpan } from './tensor-ranges.ts';

/** Tokens from `first` on: rows of the embedding and of the head, columns of the logits. */
export type VocabularyPart = RowSpan;

/** Parts are a multiple of this many rows, so that each begins at a valid binding offset, also in f16, if widths are multiples of 8. */
const border = 16;

/** Bytes of logits that are kept at once: above this, recomputing them costs less than the memory. */
const logitsBytes = { kept: 2 ** 28, recomputed: 2 ** 26 };

/** The vocabulary in equal parts of at most `most` tokens; the last may be smaller. */
export function vocabularyParts(vocabulary: number, most: number): VocabularyPart[] {
  const parts = Math.ceil(vocabulary / Math.max(border, Math.floor(most / border) * border));
  const count = Math.ceil(vocabulary / parts / border) * border;
  return Array.from({ length: Math.ceil(vocabulary / count) }, (_, i) => ({
    first: i * count,
    count: Math.min(count, vocabulary - i * count),
  }));
}

/** Parts whose slice of the table and of its float32 gradient fits one binding. */
export function embeddingParts({ program, config }: DecoderContext): VocabularyPart[] {
  const most = program.bindingBytes / (4 * config.dimension);
  return vocabularyParts(paddedExtents(config).vocabulary, most);
}

/** Parts whose logits of all rows also fit one binding and `logitsBytes`. */
export function headParts(context: DecoderContext): VocabularyPart[] {
  const { program, config, batch, sequence, recompute } = context;
  const bytes = Math.min(program.bindingBytes, recompute ? logitsBytes.recomputed : logitsBytes.kept);
  const logits = bytes / (batch * sequence * program.storedBytes);
  const most = Math.min(logits, program.bindingBytes / (4 * config.dimension));
  return vocabularyParts(paddedExtents(config).vocabulary, most);
}
