import { expect, test } from 'vitest';
import { type Evaluate, Guard } from '../../../../relay/run/guard/guard.ts';
import { manifestBytesOf, parseManifest } from '../../../../relay/run/manifest.ts';
import { disk } from '../../../../relay/run/open-run.ts';
import { Run } from '../../../../relay/run/run.ts';
import { folderSource } from '../../../../relay/verify/folder-source.ts';
import { journalOf } from '../../../support/relay/journal-of.ts';
import { a, b, c, clock, eventsOf } from '../../../support/relay/open-round.ts';
import { contribute, payloadOfValues, settled, tinyRun } from '../../../support/relay/run-support.ts';
import { reportOf } from '../../../support/relay/written-run.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const tokens = new Uint8Array(16).fill(1);
const created = {
  ...tinyRun({ probe: { tokens, maxIncrease: 0.25, rounds: 2 } }),
  initialBase: new Float32Array(100),
};

/** The loss of a base is its first value, plus 10. */
const evaluate: Evaluate = async (_, base, probe) => {
  expect(probe).toEqual(tokens);
  return 10 + (base[0] ?? 0);
};

const nodes = [a, b, c];

async function opened(folder: string, measure = evaluate, create = created): Promise<Run> {
  const run = await Run.open(folder, create, clock, { ...disk, evaluate: measure });
  for (const { key } of nodes) run.nodeJoined(key, 0);
  await settled(run);
  return run;
}

/** Payloads of which each moves the loss by about `change`, and which differ by `seed`. */
function payloads(change: number, seed: number): Uint8Array<ArrayBuffer>[] {
  return nodes.map((_, i) =>
    payloadOfValues(
      new Float32Array(100).map((_, at) => (at === 0 ? -change / 1.33 : at === 1 + i ? seed / 64 : 0)),
    ),
  );
}

async function round(run: Run, sent: readonly Uint8Array<ArrayBuffer>[]): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const [i, node] of nodes.entries()) {
    const answer = await contribute(run, node, sent[i] ?? new Uint8Array());
    answers.push(typeof answer === 'string' ? answer : answer.attempt);
  }
  await settled(run);
  return answers;
}

test('a base that is worse than allowed is not published, and its contributions never count', async () => {
  const folder = temporaryFolder();
  const run = await opened(folder);
  const events = eventsOf(run);
  const { base } = run.current();
  const harmful = payloads(0.5, 1);
  expect(await round(run, harmful)).toEqual([1, 1, 1]);
  expect(events).toMatchObject([
    { type: 'closed' },
    { type: 'abandoned', loss: expect.closeTo(10.5, 1) },
    { type: 'opened' },
  ]);
  expect(run.current()).toMatchObject({ round: 1, attempt: 2, base, contributions: 0 });
  // The same work is not asked for again.
  expect(await round(run, harmful)).toEqual(['GUARD', 'GUARD', 'GUARD']);
  expect(await round(run, payloads(-0.4, 2))).toEqual([2, 2, 2]);
  expect(run.history()).toMatchObject([{ round: 1, probeLoss: expect.closeTo(9.6, 1) }]);
  await run.close();
  expect((await reportOf(folderSource(folder))).problems).toEqual([]);
  expect(journalOf(folder).filter(({ kind }) => kind === 'round-abandoned')).toHaveLength(1);
});

test('losses count from the lowest, so that small steps do not add up', async () => {
  const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };
  const { manifest } = parseManifest(manifestBytesOf(created.manifest, keys));
  const guard = Guard.of(manifest, tokens, evaluate);
  const judge = (loss: number, lowestLoss: number | null) =>
    guard?.judge({ lowestLoss }, async () => new Float32Array([1]), {
      hash: String(loss),
      parameters: async () => new Float32Array([loss - 10]),
    });
  expect(await judge(9.25, 9)).toEqual({ loss: '9.25', isAllowed: true });
  expect(await judge(9.375, 9)).toEqual({ loss: '9.375', isAllowed: false });
  // Before the first commit the initial base counts, whose loss is 11.
  expect(await judge(11.25, null)).toMatchObject({ isAllowed: true });
  expect(await judge(11.375, null)).toMatchObject({ isAllowed: false });
});

test('a base that forgets the probe slowly is compared with the newest bases only', async () => {
  const folder = temporaryFolder();
  const probe = { tokens, maxIncrease: 0.25, rounds: 1 };
  const run = await opened(folder, evaluate, {
    ...tinyRun({ probe, rounds: 5 }),
    initialBase: new Float32Array(100),
  });
  // The momentum adds to the changes: the losses are about 10.15, 10.34 and 10.53.
  for (const [seed, change] of [0.15, 0.13, 0.08].entries()) await round(run, payloads(change, 1 + seed));
  const losses = run.history().map(({ probeLoss }) => probeLoss ?? 0);
  expect(losses).toHaveLength(3);
  expect(losses[2]).toBeGreaterThan((losses[0] ?? 0) + 0.25);
  await round(run, payloads(0.5, 9));
  expect(run.totals()).toMatchObject({ abandonedRounds: 1 });
  await run.close();
  expect((await reportOf(folderSource(folder))).problems).toEqual([]);
});

test('a base that cannot be measured is not published; an evaluator that fails is asked again', async () => {
  let answer: () => number = () => Number.NaN;
  const run = await opened(temporaryFolder(), async (_, base) => (base[0] === 0 ? 10 : answer()));
  const events = eventsOf(run);
  await round(run, payloads(-0.1, 1));
  expect(events.slice(0, 2)).toMatchObject([{ type: 'closed' }, { type: 'abandoned', loss: 1000 }]);
  answer = () => {
    throw new Error('the thread ended');
  };
  await round(run, payloads(-0.1, 2));
  expect(events.at(-1)).toMatchObject({ type: 'trouble' });
  answer = () => 9;
  clock.pass(1000);
  await settled(run);
  expect(run.history()).toMatchObject([{ round: 1, contributions: 3, probeLoss: 9 }]);
  await run.close();
});

test('a run with a guard needs an evaluator, and its probe is the manifest’s', async () => {
  const folder = temporaryFolder();
  await (await opened(folder)).close();
  await expect(Run.open(folder, undefined, clock)).rejects.toMatchObject({ code: 'run.no-evaluator' });
  const other = { ...created, probe: new Uint8Array(16) };
  await expect(Run.open(temporaryFolder(), other, clock, { ...disk, evaluate })).rejects.toMatchObject({
    code: 'manifest.invalid',
  });
});
