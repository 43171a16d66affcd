import type { RelayStatus } from '../../../../relay/wire/status.ts';

export const hash = 'a'.repeat(64);
const node = {
  id: '0123456789abcdef',
  host: 'node',
  corpus: 'Romance',
  state: 'training',
  steps: 3,
  tokens: 30_720,
  contributions: 3,
  tokensPerSecond: 512.4,
  trainingLoss: 2.5,
  heldOutLoss: null,
  bytesUp: 1_572_864,
  bytesDown: 512,
  part: 'whole',
  connectedAt: 0,
} as const;
/** A relay's status in the fourth of twenty rounds. */
export const status: RelayStatus = {
  address: null,
  run: {
    id: hash,
    name: 'test',
    parameters: 10,
    rounds: 20,
    localSteps: 10,
    tokensPerStep: 512,
    corpora: ['Romance'],
    lane: 'open',
  },
  round: {
    number: 4,
    phase: 'training',
    hold: null,
    contributions: 1,
    quorum: 2,
    target: 3,
    openedAt: 0,
    deadlineAt: 61_000,
  },
  base: { round: 3, hash, bytes: 40 },
  nodes: [node, { ...node, corpus: null, host: 'browser', heldOutLoss: 3.25 }],
  history: [],
  totals: {
    tokens: 61_440,
    contributions: 6,
    refusals: 0,
    abandonedRounds: 0,
    bytesUp: 3_145_728,
    bytesDown: 1024,
    bytesDataParallel: 1,
  },
  sample: null,
};
