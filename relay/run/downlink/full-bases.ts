import type { Downlink } from './downlink.ts';

/** The base is what the outer step gives. */
export const fullBases: Downlink = {
  vectors: 0,
  publish: async (_, stepped) => ({ state: stepped, delta: null }),
};
