import { expect, test } from 'vitest';
import { probeLoss } from '../../../apps/cli/run/guard/probe-loss.ts';
import { newRun } from '../../../apps/cli/run/new-run.ts';
import { Evaluator, type EvaluatorEvent } from '../../../apps/evaluator/evaluator.ts';
import { GpuLosses } from '../../../apps/evaluator/gpu-losses.ts';
import { clock } from '../../../client/clock.ts';
import { modelConfigOf } from '../../../client/contribute/run-model.ts';
import { cachedKernels } from '../../../client/host/cache.ts';
import { postPinnedTo } from '../../../client/host/node/network.ts';
import { Random } from '../../../client/random.ts';
import { systemClock } from '../../../relay/run/clock.ts';
import { manifestBytesOf, parseManifest } from '../../../relay/run/manifest.ts';
import { relaySource } from '../../../relay/verify/http-source.ts';
import { evaluationsPath } from '../../../relay/wire/frames.ts';
import { nodeGpu } from '../../support/gpu-node.ts';
import { meanSquare, scoredQuality } from '../../support/relay/quality/scored-quality.ts';
import { tinyRun } from '../../support/relay/run-support.ts';
import { newIdentity, payloadOf, ScriptedNode } from '../../support/relay/scripted-node.ts';
import { parameters } from '../../support/relay/small-run.ts';
import { journal, start, until } from '../../support/relay/stage.ts';

test('evaluators score a round that closed over real connections, and theirs are the scores that count', async () => {
  const identities = await Promise.all([newIdentity(), newIdentity(), newIdentity()]);
  const create = tinyRun({
    ...{ parameters, rounds: 2, quorum: 2, target: 2 },
    probe: { tokens: new Uint8Array(8), maxIncrease: 100, rounds: 1 },
    quality: scoredQuality({
      ...{ evaluations: 2, scoreTolerance: 1, scorePart: 1 },
      evaluators: identities.map(({ publicKey }) => publicKey),
      ...{ evaluatorQuorum: 2, evaluationMs: 100_000 },
    }),
  });
  const relay = await start({
    ...{ create, clock: systemClock },
    evaluate: async (_, base) => 900 + meanSquare(base),
  });
  const leaving = new AbortController();
  const heard: EvaluatorEvent[][] = [];
  const post = postPinnedTo(undefined);
  const url = new URL(`.${evaluationsPath}`, relay.url);
  // The third one is granted the role, and never comes.
  const evaluators = identities.slice(0, 2).map((identity, i) => {
    const events: EvaluatorEvent[] = [];
    heard.push(events);
    return new Evaluator({
      ...{ identity, clock, source: relaySource(relay.url) },
      post: (bytes) => post(url, bytes, leaving.signal),
      evaluate: async (_, base) => meanSquare(base) + i / 1000,
      onEvent: (event) => events.push(event),
    }).run(leaving.signal);
  });
  const nodes = [await ScriptedNode.join(relay.url), await ScriptedNode.join(relay.url)];
  for (const [i, node] of nodes.entries())
    await node.contribute(await node.next('roundOpen'), payloadOf(i + 1));
  await Promise.all(nodes.map((node) => node.next('commit')));
  await until(() => heard.every((events) => events.some(({ event }) => event === 'committed')));
  leaving.abort();
  await Promise.all(evaluators);
  for (const events of heard) {
    expect(events.map(({ event }) => event)).toEqual(['evaluating', 'evaluated', 'committed']);
    expect(events[1]).toMatchObject({ round: 1, attempt: 1, answer: 'taken' });
    expect(events[2]).toEqual({ event: 'committed', round: 1, counted: true });
  }
  const entries = await journal(relay);
  expect(entries.filter(({ kind }) => kind === 'evaluation-accepted')).toHaveLength(2);
  const commit = JSON.stringify(entries.find(({ kind }) => kind === 'round-committed')?.body);
  expect(commit).not.toContain('"after":"90');

  const other = await newIdentity();
  const stranger = new Evaluator({
    ...{ identity: other, clock, source: relaySource(relay.url) },
    ...{ post: async () => 204, evaluate: async () => 0, onEvent: () => {} },
  });
  await expect(stranger.run(AbortSignal.timeout(60_000))).rejects.toMatchObject({
    code: 'evaluate.not-granted',
  });
  expect((await fetch(url, { method: 'POST', body: new Uint8Array(9) })).status).toBe(400);
  expect((await fetch(url, { method: 'POST', body: new Uint8Array(600) })).status).toBe(413);
});

test('a GPU gives a base the loss that the relay measures, and each base its own', async () => {
  const random = Random.seeded(3);
  const tokens = Uint32Array.from({ length: 300 }, () => random.below(256));
  const run = newRun({
    ...{
      name: 'losses',
      preset: 'nano',
      rounds: 1,
      steps: 1,
      batch: 1,
      corpora: [],
      quorum: 1,
      seed: 1,
      created: 0,
    },
    ...{ deadlineMs: 1000, graceMs: 0, readers: 'anyone', probe: { tokens, maxIncrease: 1 } },
  });
  const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };
  const { manifest } = parseManifest(manifestBytesOf(run.manifest, keys));
  const probe = new Uint8Array(tokens.buffer);
  const losses = await GpuLosses.open(nodeGpu(), cachedKernels);
  try {
    for (const scale of [1, 3]) {
      const base = run.initialBase.map((value) => value * scale);
      const [own, relays] = [
        await losses.evaluate(manifest, base.slice(), probe),
        await probeLoss({ config: modelConfigOf(manifest.model), parameters: base, tokens }),
      ];
      expect(Math.abs(own - relays)).toBeLessThan(1e-4);
      expect(own).toBeGreaterThan(1);
    }
  } finally {
    losses.close();
  }
});
