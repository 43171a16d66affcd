import { Random } from '../../../client/random.ts';
import type { RelayStatus } from '../../../relay/wire/status.ts';

const corpora = ['Romance', 'Germanic', 'Bantu', 'Slavic', 'Turkic', 'Uralic', 'Celtic', 'Baltic'];
const parameters = 528_128;
const hash = (seed: number) => {
  const random = Random.seeded(seed);
  return Array.from({ length: 8 }, () => random.uint32().toString(16).padStart(8, '0')).join('');
};

/** A relay's status after `done` of `rounds` rounds with these nodes; all numbers are invented. */
export function scriptedStatus(scene: {
  rounds: number;
  done: number;
  nodes: number;
  corpusCount?: number;
  /** None unless given; the relay then waits for the scores of the last committed round's successor. */
  evaluators?: number;
  now: number;
}): RelayStatus {
  const { evaluators = 0 } = scene;
  const random = Random.seeded(scene.rounds + scene.nodes);
  const names = corpora.slice(0, scene.corpusCount ?? 3);
  const complete = scene.done >= scene.rounds;
  const lossAt = (round: number) => 2.05 + 3.5 * Math.exp(-round / 4.5);
  const tokensPerRound = Math.max(1, scene.nodes) * 50 * 4 * 128;
  const history = Array.from({ length: scene.done }, (_, index) => ({
    round: index + 1,
    contributions: Math.max(2, scene.nodes - (index === 4 ? 1 : 0)),
    excluded: 0,
    tokens: tokensPerRound,
    probeLoss: null,
    trainingLoss: lossAt(index + 1) + (random.uniform() - 0.5) * 0.04,
    heldOutLoss: names.map((_, corpus) =>
      (index === 4 && corpus === 1) || (index < 3 && corpus === 2)
        ? null
        : lossAt(index) + 0.06 + corpus * 0.11 + (random.uniform() - 0.5) * 0.05,
    ),
    committedAt: scene.now - (scene.done - index) * 60_000,
    base: hash(index + 1),
  }));
  const bytes = scene.done * scene.nodes * parameters;
  const states = ['training', 'training', 'uploading', 'waiting', 'paused', 'syncing'] as const;
  return {
    address: null,
    run: {
      id: hash(77),
      name: 'Workshop, Tuesday',
      parameters,
      rounds: scene.rounds,
      localSteps: 50,
      tokensPerStep: 512,
      corpora: names,
      lane: 'open',
      ...(evaluators > 0 && {
        evaluators: {
          ids: Array.from({ length: evaluators }, (_, index) => hash(500 + index).slice(0, 16)),
          quorum: Math.floor(evaluators / 2) + 1,
        },
      }),
    },
    round: {
      number: Math.min(scene.rounds, scene.done + 1),
      phase: complete ? 'complete' : scene.nodes < 2 ? 'waiting' : 'training',
      hold: null,
      contributions: complete || scene.nodes < 2 ? 0 : Math.floor(scene.nodes / 2),
      quorum: 2,
      target: Math.max(3, scene.nodes),
      openedAt: complete || scene.nodes < 2 ? null : scene.now - 20_000,
      deadlineAt: complete || scene.nodes < 2 ? null : scene.now + 42_000,
    },
    base: { round: scene.done, hash: hash(scene.done), bytes: parameters * 4 },
    nodes: Array.from({ length: scene.nodes }, (_, index) => ({
      id: hash(100 + index).slice(0, 16),
      host: (['browser', 'node', 'deno'] as const)[index % 3] ?? 'node',
      corpus: index === 5 ? null : (names[index % names.length] ?? null),
      state: complete ? 'waiting' : (states[index % states.length] ?? 'training'),
      steps: (index * 13 + 17) % 50,
      tokens: scene.done * 25_600,
      contributions: scene.done,
      tokensPerSecond: [4_810, 1_790, 2_204, 0, 0, 0][index % 6] ?? 0,
      trainingLoss: scene.done === 0 ? null : lossAt(scene.done) + index * 0.013,
      heldOutLoss: null,
      bytesUp: scene.done * 530_000,
      bytesDown: scene.done * 2_112_512,
      part: 'whole',
      connectedAt: scene.now - 300_000,
    })),
    history,
    totals: {
      tokens: scene.done * tokensPerRound,
      contributions: scene.done * scene.nodes,
      refusals: 0,
      abandonedRounds: 0,
      bytesUp: bytes,
      bytesDown: bytes * 4,
      bytesDataParallel: scene.done * scene.nodes * 50 * parameters * 8,
    },
    ...(evaluators > 0 && {
      evaluation: {
        round: scene.done + 1,
        scores: Math.ceil(evaluators / 4),
        deadlineAt: complete ? null : scene.now + 42_000,
        states: 'shqu'.repeat(16).slice(0, evaluators),
      },
    }),
    sample:
      scene.done < 2
        ? null
        : {
            round: scene.done,
            prompt: 'Everyone has the right',
            text: ' to the protection of the law and the freedom of the person. No one shall be subjected to the same rights of the community, and the right to equal and the state of the protection of all',
          },
  };
}
