import { writeFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { Random } from '../../../client/random.ts';
import type { Compute } from '../../../relay/run/compute/compute.ts';
import { disk, type Environment } from '../../../relay/run/open-run.ts';
import { Run } from '../../../relay/run/run.ts';
import { computeInThreads } from '../../../relay/threads/compute-threads.ts';
import { folderSource } from '../../../relay/verify/folder-source.ts';
import { blobPlace } from '../../../relay/verify/source.ts';
import { sparseCodec } from '../../../relay/wire/codec/sparse.ts';
import { contribute, settled, TestClock, testNodes, tinyRun } from '../../support/relay/run-support.ts';
import { reportOf } from '../../support/relay/written-run.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const program = new URL('../../../relay/threads/compute-worker.ts', import.meta.url);
const inThreads = computeInThreads(program, 2);

const sparse = { chunk: 16, top: 4, exponent: -16, maxShift: 12, clipNorm: 10, feedbackDecay: 0.95 };
const parameters = 70;
const rounds = 2;
const created = tinyRun({
  ...{ rounds, parameters, sparse, tensors: [16, 32, 22] },
  downlink: { case: 'denseDeltas', value: { bits: 4, block: 16, exponent: -16, maxShift: 12 } },
  probe: { tokens: new Uint8Array(8), maxIncrease: 100, rounds: 1 },
  quality: {
    case: 'measured',
    value: {
      ...{ speedFactor: 8, workPart: 0.5, copyLikeness: 0.9 },
      ...{ evaluations: 2, scoreTolerance: 1, scorePart: 1 },
      ...{ evaluators: [], evaluatorQuorum: 0, evaluationMs: 0 },
    },
  },
});
/** Any function of all values. */
const evaluate = async (_: unknown, base: Float32Array) => Math.hypot(...base);
const nodes = await testNodes(3);

/** A delta of norm about `norm`, drawn from a seed. */
function payloadOf(seed: number, norm = 1) {
  const random = Random.seeded(seed, 5);
  const values = new Float32Array(parameters).map(() => (norm * random.normal()) / Math.sqrt(parameters));
  return sparseCodec(sparse).encode(values, new Float32Array(parameters));
}

async function opened(folder: string, computeOf?: Environment['computeOf']): Promise<Run> {
  const run = await Run.open(folder, created, new TestClock(), {
    ...disk,
    evaluate,
    ...(computeOf && { computeOf }),
  });
  onTestFinished(() => run.close());
  for (const { key } of nodes) run.nodeJoined(key, null);
  await settled(run);
  return run;
}

function contributions(run: Run, round: number): Promise<unknown[]> {
  return Promise.all(nodes.map((node, i) => contribute(run, node, payloadOf(10 * round + i))));
}

/** The bases of a run of all rounds, and the answers to payloads that must be refused. */
async function wholeRun(folder: string, computeOf?: Environment['computeOf']) {
  let run = await opened(folder, computeOf);
  const refused: unknown[] = [];
  for (let round = 1; round <= rounds; round++) {
    const [node] = nodes;
    if (node === undefined) throw new Error('no nodes');
    const zero = payloadOf(round);
    zero[1] = 0;
    refused.push(await contribute(run, node, zero), await contribute(run, node, payloadOf(round, 40)));
    expect(await contributions(run, round)).toMatchObject([{ round }, { round }, { round }]);
    await settled(run);
    if (round === rounds) break;
    // A relay that starts again has the state to read.
    await run.close();
    run = await opened(folder, computeOf);
  }
  const { parameters: vector, ...base } = await run.base();
  return { refused, base, vector, history: run.history().map(({ base, excluded }) => ({ base, excluded })) };
}

test('threads make the same bases, bit for bit, and refuse the same payloads', async () => {
  const folder = temporaryFolder();
  const made = await wholeRun(folder, inThreads);
  const expected = await wholeRun(temporaryFolder());
  expect(made).toEqual(expected);
  expect(made.refused.slice(0, 2)).toEqual(['BAD_PAYLOAD', 'NORM_EXCEEDED']);
  expect(await reportOf(folderSource(folder))).toMatchObject({ rounds, problems: [] });
});

test('a base that is damaged is told with its code when a relay starts', async () => {
  const folder = temporaryFolder();
  const run = await opened(folder);
  await run.close();
  writeFileSync(`${folder}/${blobPlace(run.current().base)}`, 'damaged');
  await expect(opened(folder, computeInThreads(program, 1))).rejects.toMatchObject({
    code: 'run.damaged',
    message: `blob ${run.current().base} is missing or was changed`,
  });
});

test('a relay that closes while its threads merge finishes the round, and loses nothing', async () => {
  const folder = temporaryFolder();
  const folding = Promise.withResolvers<void>();
  const run = await opened(folder, (place, created): Compute => {
    const threads = inThreads(place, created);
    return {
      receive: (upload) => threads.receive(upload),
      prepare: (state) => threads.prepare(state),
      fold: (request) => {
        folding.resolve();
        return threads.fold(request);
      },
      store: (request) => threads.store(request),
      mean: (request) => threads.mean(request),
      vector: (hash) => threads.vector(hash),
      close: () => threads.close(),
    };
  });
  const answers = contributions(run, 1);
  await folding.promise;
  await run.close();
  expect(await answers).toMatchObject([{ round: 1 }, { round: 1 }, { round: 1 }]);
  expect(run.history()).toMatchObject([{ round: 1, contributions: 3 }]);
  const again = await opened(folder);
  expect(again.current()).toMatchObject({ round: 2, base: run.current().base });
  expect(await reportOf(folderSource(folder))).toMatchObject({ rounds: 1, problems: [] });
});

test('a call to a thread that dies is rejected, and the next one gets another thread', async () => {
  const dying = `import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ id, name }) => {
      if (name === 'prepare') process.exit(3);
      parentPort.postMessage({ id, value: 7 });
    });`;
  const program = new URL(`data:text/javascript,${encodeURIComponent(dying)}`);
  const compute = computeInThreads(program, 1)('', { manifestBytes: new Uint8Array() });
  onTestFinished(() => compute.close());
  await expect(compute.prepare([])).rejects.toThrow('ended with code 3');
  expect(await compute.receive({ key: '', payload: '', part: 'whole', normBound: 1 })).toBe(7);
});
