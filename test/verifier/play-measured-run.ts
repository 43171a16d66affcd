import { Random } from '../../client/random.ts';
import { disk } from '../../relay/run/open-run.ts';
import { Run } from '../../relay/run/run.ts';
import { fromHex } from '../../relay/wire/hex.ts';
import { evaluationOf } from '../support/relay/quality/evaluating.ts';
import {
  contribute,
  payloadOfValues,
  settled,
  TestClock,
  testNodes,
  tinyRun,
} from '../support/relay/run-support.ts';

const parameters = 70;
const nodeCount = 7;

/** The base that has the lowest loss. */
const goal = new Float32Array(parameters).map((_, i) => Math.sin(i));

/** The mean square of what is between a base and the goal. */
function lossOf(base: Float32Array): number {
  return base.reduce((sum, value, i) => sum + (value - (goal[i] ?? 0)) ** 2, 0) / parameters;
}

const numbers = {
  speedFactor: 8,
  workPart: 0.5,
  copyLikeness: 0.9,
  evaluations: 4,
  scoreTolerance: 0.0001,
  scorePart: 0.25,
};
const evaluatorCount = 3;

/** What a node does in a round: its work, or something hostile. */
type Act = 'honest' | 'at once' | 'short' | 'copy' | 'opposed';

/** By round, what each node does; four of seven contributions are scored. */
const acts: readonly (readonly Act[])[] = [
  ['honest', 'honest', 'honest', 'honest', 'honest', 'honest', 'honest'],
  ['honest', 'honest', 'honest', 'honest', 'honest', 'short', 'copy'],
  ['at once', 'honest', 'honest', 'honest', 'honest', 'short', 'copy'],
  ['honest', 'honest', 'honest', 'honest', 'opposed', 'opposed', 'opposed'],
  ['honest', 'honest', 'honest', 'honest', 'opposed', 'opposed', 'opposed'],
  ['honest', 'honest', 'honest', 'honest', 'honest', 'honest', 'honest'],
];

/**
 * Plays a run that measures its contributions in `folder`, with hostile nodes; the relay stops and starts again after each round. Every
 * byte but those of the relay's key follows from the seed. `scored`: who scores contributions; of three evaluators one lies, and one of the other
 * two is gone in the second round, so that the relay scores it.
 */
export async function playMeasuredRun(
  folder: string,
  scored: 'relay' | 'evaluators' = 'relay',
  seed = 1,
): Promise<{ base: string; rounds: number }> {
  const evaluators = (await testNodes(nodeCount + evaluatorCount)).slice(nodeCount);
  const granted = {
    evaluators: scored === 'relay' ? [] : evaluators.map(({ key }) => fromHex(key)),
    evaluatorQuorum: scored === 'relay' ? 0 : evaluatorCount,
    evaluationMs: scored === 'relay' ? 0 : 30_000,
  };
  const created = tinyRun({
    ...{ rounds: acts.length, parameters, quorum: nodeCount, target: nodeCount },
    tensors: [30, 40],
    probe: { tokens: new Uint8Array(8), maxIncrease: 100, rounds: 2 },
    quality: { case: 'measured', value: { ...numbers, ...granted } },
  });
  const environment = { ...disk, evaluate: async (_: unknown, base: Float32Array) => lossOf(base) };
  const nodes = await testNodes(nodeCount);
  const clock = new TestClock();
  let base = '';
  for (const [round, theirs] of acts.entries()) {
    const run = await Run.open(folder, round === 0 ? created : undefined, clock, environment);
    for (const { key } of nodes) run.nodeJoined(key, null);
    await settled(run);
    const { parameters: start } = await run.base();
    const random = Random.seeded(seed, round);
    const honest = nodes.map(() =>
      start.map((value, i) => (value - (goal[i] ?? 0)) / 4 + random.normal() / 20),
    );
    const first = honest[0] ?? goal;
    const deltas: Readonly<Record<Act, (own: Float32Array) => Float32Array>> = {
      honest: (own) => own,
      'at once': (own) => own,
      short: (own) => own.map((value) => value / 6),
      copy: () => first.map((value) => value * 0.8 + random.normal() / 100),
      opposed: (own) => own.map((value) => -value),
    };
    for (const [i, node] of nodes.entries()) {
      const act = theirs[i] ?? 'honest';
      if (act !== 'at once') clock.pass(1000);
      const payload = payloadOfValues(new Float32Array(deltas[act](honest[i] ?? goal)));
      const answer = await contribute(run, node, payload);
      if (typeof answer === 'string') throw new Error(`${act}: ${answer}`);
    }
    await settled(run);
    if (scored === 'evaluators') {
      for (const [i, evaluator] of (round === 1 ? evaluators.slice(1) : evaluators).entries()) {
        // The last one says of each contribution the opposite.
        const lies = evaluator === evaluators.at(-1);
        const loss = (base: Float32Array) => (lies ? 10 - lossOf(base) : lossOf(base) * (1 + i / 100));
        await run.evaluators?.take(await evaluationOf(run, evaluator, loss));
      }
      if (round === 1) clock.pass(30_000);
      await settled(run);
    }
    base = run.current().base;
    await run.close();
  }
  return { base, rounds: acts.length };
}
