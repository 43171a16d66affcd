import type { EvidenceStore } from '../../../client/contribute/protocol/evidence.ts';

/** A store of a node that never contributed. It stores nothing. */
export const noEvidence: EvidenceStore = {
  loadCheckpoint: async () => null,
  saveCheckpoint: async () => {},
  loadReceipts: async () => [],
  saveForkProof: async () => {},
  forkEvidence: async () => [],
};
