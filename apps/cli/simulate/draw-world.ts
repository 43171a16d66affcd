import { create } from '@bufbuild/protobuf';
import { Random } from '../../../client/random.ts';
import { defaultLimits } from '../../../relay/server/limits.ts';
import { DelayedNesterovSchema, NesterovSchema } from '../../../relay/wire/tapestry_pb.js';
import type { BaseOptions } from './relay/base-options.ts';
import { tensors } from './world/virtual-base.ts';
import { type Character, VirtualDeltas } from './world/virtual-delta.ts';
import type { WorldOptions } from './world/world.ts';

const localSteps = 5;
/** The stream of random numbers that decides what a run grants, so that it changes no other number of a seed. */
const grants = 7;

/** A refusal names no payload, and answers the offer before it: an old offer that came twice would be refused instead of the newest, once a guard refuses work. */
const inOrder = { duplicate: 0, reorder: 0 };

/** A small world that a seed decides: its nodes, limits, network, and every number in between. */
export function drawWorld(seed: number, random: Random): Omit<WorldOptions, 'machines'> {
  const nodes = 2 + random.below(6);
  const deadlineMs = 1000 * (30 + random.below(90));
  const share = (most: number) => (random.below(2) === 0 ? 0 : random.uniform() * most);
  const line = () => ({
    latency: 5 + random.below(300),
    upload: 20 + random.below(1000),
    download: 20 + random.below(1000),
  });
  const kind = (['fixed', 'timed', 'arrivals', 'measured', 'measured-timed'] as const)[random.below(5)];
  const grantsPart = (kind === 'fixed' || kind === 'timed') && Random.seeded(seed, grants).below(2) === 0;
  const drawn =
    kind === 'arrivals' ? drawArrivals(random, deadlineMs) : drawLimits(random, nodes, deadlineMs);
  // A node knows only after a few rounds that it is too slow.
  const limits = grantsPart ? { ...drawn, rounds: drawn.rounds + 4 } : drawn;
  const { graceMs, graceShare } = limits;
  const isTimed = kind === 'timed' || kind === 'measured-timed';
  const pace = { localSteps, leastSteps: 1, stretch: 100 + random.below(400) };
  const arrivals = {
    localSteps,
    leastSteps: 1 + random.below(localSteps),
    maxStaleness: 1 + random.below(4),
  };
  const isMeasured = kind === 'measured' || kind === 'measured-timed';
  const characters = Array.from({ length: nodes }, () => (isMeasured ? drawCharacter(random) : 'honest'));
  const evaluators = isMeasured ? random.below(4) : 0;
  const bases = isMeasured ? undefined : drawBases(random, limits.rounds);
  return {
    seed,
    devices: characters.map((character, number) => ({
      speedClass: number,
      // Some are too slow for the whole model, and fast enough for its upper layers.
      stepMs: random.below(deadlineMs / 12) * (grantsPart && number % 2 === 1 ? 4 : 1),
      line: line(),
      boasts: character === 'boaster',
    })),
    relay: {
      limits,
      pace: isTimed ? { ...pace, deadlineMs, graceMs, graceShare } : null,
      arrivals: kind === 'arrivals' ? arrivals : undefined,
      quality: isMeasured ? drawQuality(random, characters, evaluators) : undefined,
      bases,
      localSteps,
      tokensPerStep: 512,
      payloadBytes: 100_000,
      tick: 1000,
      sync: 1 + random.below(400),
      merge: random.below(3000),
      line: { latency: 0, upload: 5000, download: 5000 },
    },
    evaluators: Array.from({ length: evaluators }, () => ({
      line: line(),
      takesMs: random.below(8000),
      lies: random.below(5) === 0,
      wavers: random.below(5) === 0,
    })),
    baseBytes: 200_000,
    grantsPart,
    heartbeatMs: defaultLimits.heartbeat,
    network: {
      loss: share(0.1),
      // TCP loses none while a connection lasts. A round that waits asks again when it opens again; an arrival goes on as it is.
      vanish: kind === 'arrivals' ? 0 : share(0.05),
      ...(bases?.guard === undefined ? { duplicate: share(0.2), reorder: share(0.1) } : inOrder),
    },
  };
}

function drawLimits(random: Random, nodes: number, deadlineMs: number) {
  const quorum = 1 + random.below(nodes);
  return {
    ...{ rounds: 1 + random.below(4), quorum, target: quorum + random.below(nodes), deadlineMs },
    ...{ graceMs: 1000 * random.below(20), graceShare: random.below(100) },
  };
}

/** A round takes one arrival, or a few; it has no grace. */
function drawArrivals(random: Random, deadlineMs: number) {
  return {
    ...{ rounds: 4 + random.below(12), quorum: 1, target: 1 + random.below(3), deadlineMs },
    ...{ graceMs: 0, graceShare: 0, hasArrivals: true },
  };
}

/** An outer step in three of four worlds, and a guard in one of three. */
function drawBases(random: Random, rounds: number): BaseOptions {
  const rate = { learningRate: 0.1 + random.uniform(), momentum: random.uniform() };
  const period = 1 + random.below(4);
  const outers: readonly NonNullable<BaseOptions['outer']>['outer'][] = [
    { case: 'nesterov', value: create(NesterovSchema, rate) },
    {
      case: 'delayedNesterov',
      value: create(DelayedNesterovSchema, {
        ...rate,
        period,
        correction: { case: 'uncorrected', value: {} },
      }),
    },
    {
      case: 'delayedNesterov',
      value: create(DelayedNesterovSchema, {
        ...{ ...rate, period },
        correction: { case: 'heloco', value: { tensors, aligned: 0.2, turn: 0.5 } },
      }),
    },
  ];
  const outer = outers[random.below(4)];
  const guard = { maxIncrease: 0.25 + random.uniform() / 4, rounds: 1 + random.below(3) };
  return {
    outer: outer && { outer, rounds },
    guard: random.below(3) === 0 ? guard : undefined,
  };
}

/** Three in five are honest. */
function drawCharacter(random: Random): Character {
  return (['twin', 'spoiler', 'boaster'] as const)[random.below(8)] ?? 'honest';
}

function drawQuality(random: Random, characters: readonly Character[], evaluators: number) {
  return {
    settings: {
      ...{ speedFactor: 4, workPart: 0.25, copyLikeness: 0.9 },
      ...{ evaluations: 1 + random.below(6), scoreTolerance: 0.01, scorePart: 0.25 },
      evaluatorQuorum: evaluators === 0 ? 0 : 1 + random.below(evaluators),
      evaluationMs: evaluators === 0 ? 0 : 1000 * (1 + random.below(20)),
    },
    evaluators,
    weightShare: random.below(2) === 0 ? 100 : 10 + random.below(80),
    deltas: new VirtualDeltas(characters),
  };
}
