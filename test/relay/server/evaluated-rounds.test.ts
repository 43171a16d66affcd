import * as v from 'valibot';
import { expect, test } from 'vitest';
import { describe as lineOf } from '../../../apps/cli/commands/join-progress.ts';
import { atRest, reduceProgress } from '../../../apps/contribute/contribute-view.ts';
import { Evaluator } from '../../../apps/evaluator/evaluator.ts';
import { clock as systemClock } from '../../../client/clock.ts';
import { fateOf } from '../../../client/contribute/protocol/fate.ts';
import { postPinnedTo } from '../../../client/host/node/network.ts';
import { relaySource } from '../../../relay/verify/http-source.ts';
import { evaluationsPath } from '../../../relay/wire/frames.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import { statusRoundSchema } from '../../../relay/wire/status.ts';
import { scoredQuality } from '../../support/relay/quality/scored-quality.ts';
import { payloadOfValues, TestClock, tinyRun } from '../../support/relay/run-support.ts';
import { newIdentity, ScriptedNode } from '../../support/relay/scripted-node.ts';
import { parameters } from '../../support/relay/small-run.ts';
import { get, journal, start, until } from '../../support/relay/stage.ts';

/** For an evaluator a base is better the lower its mean is, and for the relay the higher. */
const wanted = (base: Float32Array) => 500 + (1000 * base.reduce((sum, one) => sum + one, 0)) / base.length;

test('what evaluators measured is what a node is told, in its terminal and on its page, and what the round shows', async () => {
  const identities = await Promise.all([newIdentity(), newIdentity(), newIdentity()]);
  const ids = identities.map(({ publicKey }) => toHex(publicKey).slice(0, 16));
  const clock = new TestClock();
  const create = tinyRun({
    ...{ parameters, rounds: 2, quorum: 3, target: 3 },
    probe: { tokens: new Uint8Array(8), maxIncrease: 100, rounds: 1 },
    quality: scoredQuality({
      ...{ evaluations: 3, scoreTolerance: 1e-6, scorePart: 0 },
      evaluators: identities.map(({ publicKey }) => publicKey),
      ...{ evaluatorQuorum: 2, evaluationMs: 30_000 },
    }),
  });
  const relay = await start({ create, clock, evaluate: async (_, base) => 1000 - wanted(base) });
  expect(relay.status().run.evaluators).toEqual({ ids, quorum: 2 });
  expect(relay.status().evaluation?.states).toBe('uuu');

  const nodes = [
    await ScriptedNode.join(relay.url),
    await ScriptedNode.join(relay.url),
    await ScriptedNode.join(relay.url),
  ];
  // A delta is base minus trained weights: the last node moves away from what the evaluators like.
  for (const [i, size] of [0.01, 0.008, -0.01].entries()) {
    const values = Float32Array.from({ length: parameters }, (_, at) => size + Math.sin(at + i) / 1000);
    const node = nodes[i];
    await node?.contribute(await node.next('roundOpen'), payloadOfValues(values));
  }
  await until(() => relay.status().evaluation?.deadlineAt != null);
  expect(relay.status().evaluation).toMatchObject({ round: 1, scores: 0 });
  expect((await journal(relay)).at(-1)?.kind).toBe('round-closed');

  const leaving = new AbortController();
  const post = postPinnedTo(undefined);
  const url = new URL(`.${evaluationsPath}`, relay.url);
  // The third one never comes.
  const scoring = identities.slice(0, 2).map((identity) =>
    new Evaluator({
      ...{ identity, clock: systemClock, source: relaySource(relay.url) },
      post: (bytes) => post(url, bytes, leaving.signal),
      evaluate: async (_, base) => wanted(base),
      onEvent: () => {},
    }).run(leaving.signal),
  );
  await until(() => relay.status().evaluation?.scores === 2);
  expect(relay.status().evaluation?.states).toBe('ssu');
  // After a quorum the last one has a second at least.
  const { deadlineAt } = relay.status().evaluation ?? {};
  expect(deadlineAt).toBe(clock.now() + 1000);
  clock.pass(1000);
  const commits = await Promise.all(nodes.map((node) => node.next('commit')));
  await until(() => relay.status().history.length === 1);
  expect(relay.status().evaluation?.states).toBe('hhq');
  leaving.abort();
  await Promise.all(scoring);

  const fates = commits.map((commit) => fateOf(commit));
  expect(fates.map((fate) => fate?.outcome)).toEqual(['included', 'included', 'worse']);
  const told = commits.map(({ round, contributions, tokens }, i) => {
    const facts = { base: 'ab'.repeat(32), contributions, tokens: Number(tokens) };
    return { event: 'committed', round, ...facts, fate: fates[i] ?? null } as const;
  });
  expect(told.map((event) => lineOf(event))).toEqual([
    expect.stringMatching(/This node’s counts in full, 50\.0% of the round’s weight\.$/),
    expect.stringMatching(/This node’s counts in full/),
    expect.stringMatching(/does not count: the base is better on the run’s test text without it\.$/),
  ]);
  // The page shows this outcome in words: see apps/contribute/yours.tsx.
  expect(told.map((event) => reduceProgress(atRest, event).fate?.outcome)).toEqual([
    ...['included', 'included', 'worse'],
  ]);

  const round = v.parse(statusRoundSchema, await (await get(relay, 'api/rounds/1')).json());
  expect(round.scoredBy?.toSorted()).toEqual(ids.slice(0, 2).toSorted());
  expect(round.contributions.map(({ reason }) => reason)).toEqual([null, null, 'worse']);
  expect(round.contributions.map(({ counted, tokens }) => counted / tokens)).toEqual([1, 1, 0]);
  expect(round.contributions.map(({ score }) => Math.sign(score ?? 0))).toEqual([1, 1, -1]);
});

test('a run without evaluators has none in its status', async () => {
  const relay = await start();
  expect(relay.status().run.evaluators).toBeUndefined();
  expect(relay.status().evaluation).toBeUndefined();
});
