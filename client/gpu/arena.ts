/** A tensor that only lives from the dispatch that writes it first to the one that reads it last, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface ArenaPlan {
  /** Bytes of each buffer to make. */
  readonly buffers: readonly number[];
  /** For each tensor, the index of its buffer. */
  readonly places: readonly number[];
}

/**
 * Gives tensors whose lifetimes do not meet the same buffer: largest first, each into the first buffer that is free
 * throughout its life (greedy by size, Pisarchyk and Lee 2020, arXiv 2001.03288). Whole buffers, not ranges of one:
 * WebGPU forbids reading and writing one buffer in the same dispatch.
 */
export function planArena(tensors: readonly Lifetime[]): ArenaPlan {
  const buffers: { bytes: number; held: Lifetime[] }[] = [];
  const places: number[] = Array.from({ length: tensors.length }, () => 0);
  const bySize = tensors.map((tensor, index) => ({ tensor, index }));
  bySize.sort((a, b) => b.tensor.bytes - a.tensor.bytes || a.index - b.index);
  for (const { tensor, index } of bySize) {
    const free = buffers.findIndex(({ held }) =>
      held.every((other) => other.last < tensor.first || tensor.last < other.first),
    );
    const buffer = buffers[free];
    if (buffer === undefined) {
      places[index] = buffers.push({ bytes: tensor.bytes, held: [tensor] }) - 1;
    } else {
      buffer.held.push(tensor);
      places[index] = free;
    }
  }
  return { buffers: buffers.map(({ bytes }) => bytes), places };
}
