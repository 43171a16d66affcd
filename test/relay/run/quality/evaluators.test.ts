import { expect, test } from 'vitest';
import { Random } from '../../../../client/random.ts';
import { lossOf, lossText } from '../../../../relay/journal/entry.ts';
import { disk } from '../../../../relay/run/open-run.ts';
import { medianScores } from '../../../../relay/run/quality/evaluators/median-scores.ts';
import { scoreOf } from '../../../../relay/run/quality/round-standings.ts';
import { Run } from '../../../../relay/run/run.ts';
import { fromHex } from '../../../../relay/wire/hex.ts';
import { evaluationOf, replayOf } from '../../../support/relay/quality/evaluating.ts';
import { meanSquare, scoredQuality } from '../../../support/relay/quality/scored-quality.ts';
import {
  contribute,
  payloadOfValues,
  settled,
  TestClock,
  type TestNode,
  testNodes,
  tinyRun,
} from '../../../support/relay/run-support.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const parameters = 40;
const nodes = (await testNodes(8)).slice(0, 4);
const evaluators = (await testNodes(8)).slice(4, 7);
const [stranger] = (await testNodes(8)).slice(7);

/** What the relay itself measures tells its scores from those of the evaluators. */
const relays = async (_: unknown, base: Float32Array) => 3 * meanSquare(base);

const created = () =>
  tinyRun({
    ...{ parameters, rounds: 4, quorum: 4, target: 4 },
    probe: { tokens: new Uint8Array(8), maxIncrease: 100, rounds: 1 },
    quality: scoredQuality({
      ...{ evaluations: 4, scoreTolerance: 0.001, scorePart: 0.25 },
      evaluators: evaluators.map(({ key }) => fromHex(key)),
      ...{ evaluatorQuorum: 2, evaluationMs: 30_000 },
    }),
  });

interface Opened {
  readonly run: Run;
  readonly clock: TestClock;
  /** The next round's contributions; the last is hostile. The round is then closed. */
  contributed(): Promise<void>;
  /** Sends what an evaluator measures; `factor` -1 for the opposite of the truth. */
  evaluated(evaluator: TestNode | undefined, factor?: number): Promise<string | undefined>;
  commits(): Promise<{ scores: { before: string; after: string }[]; weighed: { reason: string }[] }[]>;
  kinds(): Promise<string[]>;
}

async function opened(folder = temporaryFolder(), isNew = true, clock = new TestClock()): Promise<Opened> {
  const run = await Run.open(folder, isNew ? created() : undefined, clock, { ...disk, evaluate: relays });
  for (const { key } of nodes) run.nodeJoined(key, null);
  await settled(run);
  const lines = async () => {
    const all: { kind: string; body: never }[] = [];
    for await (const line of run.journalAfter(0)) all.push(JSON.parse(line));
    return all;
  };
  return {
    ...{ run, clock },
    async contributed() {
      const { parameters: base } = await run.base();
      const random = Random.seeded(run.current().round);
      for (const [i, node] of nodes.entries()) {
        const sign = i === nodes.length - 1 ? -1 : 1;
        const delta = base.map((one) => (sign * one) / 8 + random.normal() / 100);
        const answer = await contribute(run, node, payloadOfValues(new Float32Array(delta)));
        if (typeof answer === 'string') throw new Error(answer);
      }
      await settled(run);
    },
    async evaluated(evaluator, factor = 1) {
      if (evaluator === undefined) throw new Error('no evaluator');
      const evaluation = await evaluationOf(run, evaluator, (base) => 10 + factor * meanSquare(base));
      const taken = await run.evaluators?.take(evaluation);
      await settled(run);
      return taken;
    },
    commits: async () =>
      (await lines()).filter(({ kind }) => kind === 'round-committed').map(({ body }) => body),
    kinds: async () => (await lines()).map(({ kind }) => kind),
  };
}

test('the medians of the evaluators decide, and one of three that lies changes nothing', async () => {
  const { run, contributed, evaluated, commits } = await opened();
  await contributed();
  expect(await evaluated(evaluators[0], -1)).toBe('taken');
  expect(await evaluated(evaluators[1])).toBe('taken');
  // A quorum is there, and the third is still waited for.
  expect(run.history()).toHaveLength(0);
  expect(await evaluated(evaluators[2])).toBe('taken');
  expect(run.history()).toHaveLength(1);
  const [commit] = await commits();
  const scores = commit?.scores.map(scoreOf) ?? [];
  // The relay's own would be three times as large, the liar's would have the other sign.
  expect(scores.slice(0, 3).every((score) => score > 0)).toBe(true);
  expect(scores[3]).toBeLessThan(0);
  expect(commit?.scores.every(({ after }) => lossOf(after) > 9)).toBe(true);
  expect(commit?.weighed.map(({ reason }) => reason)).toEqual(['worse']);
  await run.close();
});

test('evaluators that are gone delay one round by the time of the manifest, and no other', async () => {
  const { run, clock, contributed, evaluated, commits } = await opened();
  await contributed();
  expect(await evaluated(evaluators[0])).toBe('taken');
  clock.pass(29_999);
  await settled(run);
  expect(run.history()).toHaveLength(0);
  clock.pass(1);
  await settled(run);
  expect(run.history()).toHaveLength(1);
  // Too few evaluations: the relay scored, and these are its own.
  expect((await commits())[0]?.scores.every(({ after }) => lossOf(after) < 9)).toBe(true);
  // Nobody is waited for who said nothing.
  await contributed();
  expect(run.history()).toHaveLength(2);
  await run.close();
});

test('an evaluator that comes too late is waited for in the next round', async () => {
  const { run, clock, contributed, evaluated, kinds } = await opened();
  await contributed();
  const late = await Promise.all(
    evaluators.slice(0, 2).map((one) => evaluationOf(run, one, (base) => 10 + meanSquare(base))),
  );
  clock.pass(30_000);
  await settled(run);
  for (const evaluation of late) expect(await run.evaluators?.take(evaluation)).toBe('late');
  expect(await kinds()).not.toContain('evaluation-accepted');
  await contributed();
  expect(run.history()).toHaveLength(1);
  await evaluated(evaluators[0]);
  await evaluated(evaluators[1]);
  expect(run.history()).toHaveLength(2);
  await run.close();
});

test('who is here, how many scores came and how long others are waited for is told, and no score', async () => {
  const { run, clock, contributed, evaluated } = await opened();
  const standing = () => run.evaluators?.standing();
  const states = ['unheard', 'unheard', 'unheard'];
  expect(standing()).toEqual({ round: null, scores: 0, remainingMs: null, states });
  await contributed();
  expect(standing()).toEqual({ round: 1, scores: 0, remainingMs: 30_000, states });
  clock.pass(2000);
  await evaluated(evaluators[1]);
  const some = ['unheard', 'scored', 'unheard'];
  expect(standing()).toEqual({ round: 1, scores: 1, remainingMs: 28_000, states: some });
  await evaluated(evaluators[0]);
  // A quorum: the last one has as long again.
  expect(standing()).toMatchObject({ round: 1, scores: 2, remainingMs: 2000 });
  clock.pass(2000);
  await settled(run);
  expect(run.history()).toHaveLength(1);
  const after = { round: 1, scores: 2, remainingMs: null, states: ['here', 'here', 'silent'] };
  expect(standing()).toEqual(after);
  await contributed();
  await evaluated(evaluators[2]);
  expect(standing()).toMatchObject({ round: 2, scores: 1, states: ['here', 'here', 'scored'] });
  await run.close();
});

test('after a quorum the others have as long again as it took', async () => {
  const { run, clock, contributed, evaluated } = await opened();
  await contributed();
  clock.pass(2000);
  await evaluated(evaluators[0]);
  await evaluated(evaluators[2]);
  clock.pass(1999);
  await settled(run);
  expect(run.history()).toHaveLength(0);
  clock.pass(1);
  await settled(run);
  expect(run.history()).toHaveLength(1);
  await run.close();
});

test('what no evaluator of the manifest signed, or of other contributions, is not taken', async () => {
  const { run, contributed, evaluated } = await opened();
  await contributed();
  expect(await evaluated(stranger)).toBe('unknown');
  const [first] = evaluators;
  if (first === undefined) throw new Error('no evaluator');
  const loss = (base: Float32Array) => meanSquare(base);
  const forged = await evaluationOf(run, first, loss);
  forged.after += 1;
  expect(await run.evaluators?.take(forged)).toBe('unknown');
  expect(await run.evaluators?.take(await evaluationOf(run, first, loss, { before: [1] }))).toBe('unknown');
  const other = await evaluationOf(run, first, loss, { closed: new Uint8Array(32) });
  expect(await run.evaluators?.take(other)).toBe('late');
  expect(run.history()).toHaveLength(0);
  await run.close();
});

test('a relay that stopped after a round closed waits again, and evaluations in its journal still decide', async () => {
  const folder = temporaryFolder();
  const before = await opened(folder);
  await before.contributed();
  await before.evaluated(evaluators[0]);
  await before.run.close();
  const after = await opened(folder, false, before.clock);
  expect(after.run.history()).toHaveLength(0);
  for (const evaluator of evaluators) await after.evaluated(evaluator).catch(() => undefined);
  expect(after.run.history()).toHaveLength(1);
  expect((await after.kinds()).filter((kind) => kind === 'evaluation-accepted')).toHaveLength(3);
  expect((await replayOf(after.run)).committed).toBe(1);
  await after.run.close();
});

test('a score is never outside those of honest evaluators while fewer than half lie', () => {
  const random = Random.seeded(5);
  for (let run = 0; run < 300; run++) {
    const honest = 2 + random.below(6);
    const lying = random.below(honest);
    const evaluation = (scale: number) => ({
      after: lossText(Math.fround(scale * random.normal())),
      before: Array.from({ length: 3 }, () => lossText(Math.fround(scale * random.normal()))),
    });
    const truthful = Array.from({ length: honest }, () => evaluation(1));
    const all = [...truthful, ...Array.from({ length: lying }, () => evaluation(900))];
    const mixed = all.map((one) => ({ one, at: random.uniform() })).sort((a, b) => a.at - b.at);
    const scores = medianScores(
      [4, 5, 7],
      mixed.map(({ one }) => one),
    );
    for (const [place, score] of scores.entries()) {
      const own = truthful.map(({ before, after }) => scoreOf({ before: before[place] ?? '', after }));
      expect(scoreOf(score)).toBeGreaterThanOrEqual(Math.min(...own));
      expect(scoreOf(score)).toBeLessThanOrEqual(Math.max(...own));
    }
  }
});
