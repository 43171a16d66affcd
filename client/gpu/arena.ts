import type { BindingKind } from '../../shaders/index.ts';

/** A tensor that only lives from the dispatch that writes it first to the one that reads it last, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
  /** How the dispatches that bind it do. */
  readonly uses: ReadonlyMap<number, BindingKind>;
}

/** Where a tensor is, in bytes. */
export interface ArenaPlace {
  /** The index of its buffer. */
  readonly buffer: number;
  readonly offset: number;
}

export interface ArenaPlan {
  /** Bytes of each buffer to make. */
  readonly buffers: readonly number[];
  /** Of each tensor. */
  readonly places: readonly ArenaPlace[];
}

interface Held {
  readonly tensor: Lifetime;
  readonly offset: number;
}

/** Where a binding may begin. */
const border = 256;

/**
 * Gives tensors whose lifetimes do not meet the same memory: largest first, each into the first gap of a buffer that is
 * free throughout its life (greedy by size, Pisarchyk and Lee 2020, arXiv 2001.03288). Several buffers, not one: WebGPU
 * forbids a dispatch to read and write the same, wherever in it.
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

/** The first offset at which a buffer of so many bytes has room for a tensor throughout its life. */
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

/** Whether a dispatch reads the one and writes the other. */
function areMixed(a: Lifetime, b: Lifetime): boolean {
  return [...a.uses].some(([dispatch, kind]) => (b.uses.get(dispatch) ?? kind) !== kind);
}
