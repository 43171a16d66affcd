import type { CachedDecoder } from '../client/model/generate/cached-decoder.ts';

/** A decoder without a KV cache: it reads the whole text again for every token. */
export function withoutCache(decoder: CachedDecoder): CachedDecoder {
  const held = Array.from({ length: decoder.sequences }, (): readonly number[] => []);
  return {
    config: decoder.config,
    sequences: decoder.sequences,
    lengthOf: (sequence) => decoder.lengthOf(sequence),
    clear(sequence) {
      held[sequence] = [];
      decoder.clear(sequence);
    },
    rewind(sequence) {
      this.clear(sequence);
      return 0;
    },
    useAdapter: (name) => decoder.useAdapter(name),
    append(additions, signal) {
      const texts = additions.map(({ sequence, tokens }) => {
        const text = [...(held[sequence] ?? []), ...tokens];
        held[sequence] = text;
        decoder.clear(sequence);
        return { sequence, tokens: text };
      });
      return decoder.append(texts, signal);
    },
    close: () => decoder.close(),
  };
}
