import type { DecoderContext } from './layer.ts';

/** Tokens from `first` on: rows of the embedding and of the head, columns of the logits. */
export interface VocabularyPart {
  readonly first: number;
  readonly count: number;
}

/** Rows of a matrix whose width is a multiple of 8 begin at a binding's border, in half precision too. */
const border = 16;

/** Bytes of logits that are kept at once: beyond it, computing them twice is cheaper than the memory. */
const logitsBytes = { kept: 2 ** 28, recomputed: 2 ** 26 };

/** The vocabulary in equal parts of at most `most` tokens, the last smaller where it does not come out even. */
export function vocabularyParts(vocabulary: number, most: number): VocabularyPart[] {
  const parts = Math.ceil(vocabulary / Math.max(border, Math.floor(most / border) * border));
  const count = Math.ceil(vocabulary / parts / border) * border;
  return Array.from({ length: Math.ceil(vocabulary / count) }, (_, i) => ({
    first: i * count,
    count: Math.min(count, vocabulary - i * count),
  }));
}

/** Parts whose table and float32 gradient can be bound. */
export function embeddingParts({ program, config }: DecoderContext): VocabularyPart[] {
  const most = program.bindingBytes / (4 * config.dimension);
  return vocabularyParts(config.vocabularySize, most);
}

/** Parts whose logits, of all rows, can be bound besides, and stay within `logitsBytes`. */
export function headParts(context: DecoderContext): VocabularyPart[] {
  const { program, config, batch, sequence, recompute } = context;
  const bytes = Math.min(program.bindingBytes, recompute ? logitsBytes.recomputed : logitsBytes.kept);
  const logits = bytes / (batch * sequence * program.storedBytes);
  const most = Math.min(logits, program.bindingBytes / (4 * config.dimension));
  return vocabularyParts(config.vocabularySize, most);
}
