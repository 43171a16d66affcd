// The values of greatest magnitude of each chunk, of equal ones the first: relay/wire/codec/sparse-choice.ts. choose-alone.wgsl or
// choose-together.wgsl follows. Values are read as their bits. Without the sign these have the order of the magnitudes, and NaN and infinities
// are above all others: one that a chunk has is always chosen, and seen by whoever encodes.

const withoutSign = 0x7fffffffu;

@group(0) @binding(1) var<storage, read> values: array<u32>;
@group(0) @binding(2) var<storage, read_write> places: array<u32>; // in the chunk, ascending; `top` a chunk
@group(0) @binding(3) var<storage, read_write> chosen: array<u32>;

fn take(chunk: u32, slot: u32, place: u32) {
  let at = (shape.firstChunk + chunk) * shape.top + slot;
  places[at] = place;
  chosen[at] = values[chunk * shape.chunk + place];
}

