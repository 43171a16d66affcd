import type { BindingKind } from '../../shaders/reflect.ts';

/** A tensor that lives from the first dispatch that writes it to the last one that reads it, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
  /** The kind of binding in each dispatch that binds it. */
  readonly uses: ReadonlyMap<number, BindingKind>;
}

/** The place of a tensor, in bytes. */
export interface ArenaPlace {
  /** The index of its buffer. */
  readonly buffer: number;
  readonly offset: number;
}

export interface ArenaPlan {
  /** Size of each buffer to create, in bytes. */
  readonly buffers: readonly number[];
  /** The place of each tensor. */
  readonly places: readonly ArenaPlace[];
}

interface Held {
  readonly tensor: Lifetime;
  readonly offset: number;
}

/** Alignment of a binding's offset, in bytes. */
const border = 256;

/**
 * Assigns the same memory to tensors whose lifetimes do not overlap: largest first, each into the first gap of a buffer that is
 * free throughout its lifetime (greedy by size, Pisarchyk and Lee 2020, arXiv 2001.03288). It uses several buffers because
 * WebGPU does not let a dispatch read and write the same buffer, even at different ranges.
 */
export function planArena(tensors: readonly Lifetime[]): ArenaPlan {
  const buffers: { bytes: number; held: Held[] }[] = [];
  const places: ArenaPlace[] = tensors.map(() => ({ buffer: 0, offset: 0 }));
  const bySize = [...tensors.entries()].sort(([a, x], [b, y]) => y.bytes - x.bytes || a - b);
  for (const [index, tensor] of bySize) {
    const offsets = buffers.map(({ bytes, held }) => gapFor(tensor, bytes, held));
    const found = offsets.findIndex((offset) => offset !== undefined);
    const buffer = found < 0 ? buffers.push({ bytes: tensor.bytes, held: [] }) - 1 : found;
    const offset = offsets[buffer] ?? 0;
    buffers[buffer]?.held.push({ tensor, offset });
    places[index] = { buffer, offset };
  }
  return { buffers: buffers.map(({ bytes }) => bytes), places };
}

/** The first offset at which a buffer of `bytes` has room for a tensor throughout its lifetime. */
function gapFor(tensor: Lifetime, bytes: number, held: readonly Held[]): number | undefined {
  const meeting = held.filter(
    ({ tensor: other }) => other.last >= tensor.first && tensor.last >= other.first,
  );
  if (meeting.some(({ tensor: other }) => areMixed(tensor, other))) return undefined;
  let offset = 0;
  for (const other of meeting.sort((a, b) => a.offset - b.offset)) {
    if (offset + tensor.bytes <= other.offset) return offset;
    const end = other.offset + other.tensor.bytes;
    offset = Math.max(offset, Math.ceil(end / border) * border);
  }
  return offset + tensor.bytes <= bytes ? offset : undefined;
}

/** True if a dispatch reads one of them and writes the other. */
function areMixed(a: Lifetime, b: Lifetime): boolean {
  return [...a.uses].some(([dispatch, kind]) => (b.uses.get(dispatch) ?? kind) !== kind);
}
