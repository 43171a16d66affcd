import { once } from 'node:events';
import { createServer } from 'node:http';
import { create } from '@bufbuild/protobuf';
import { expect, onTestFinished, test } from 'vitest';
import { joinLink } from '../../../../../apps/cli/run/relay-address.ts';
import { joinUpstream, upstreamPlace } from '../../../../../apps/cli/run/upstream/join-upstream.ts';
import { upstreamRun } from '../../../../../apps/cli/run/upstream/upstream-run.ts';
import type { TapestryError } from '../../../../../client/errors.ts';
import { upperLayers } from '../../../../../client/model/upper-layers.ts';
import { systemClock } from '../../../../../relay/run/clock.ts';
import { decodeManifest, decodeSignedManifest } from '../../../../../relay/wire/frames.ts';
import { UpperLayersSchema } from '../../../../../relay/wire/tapestry_pb.js';
import { tinyConfig, tinyRun } from '../../../../support/contribute/harness.ts';
import { start, until } from '../../../../support/relay/stage.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

const own = { quorum: 1, maxNodes: 1, deadlineMs: 60_000, graceMs: 1_000, payloadRounds: 0, created: 2 };
const token = 'warp and weft';

async function upstream() {
  const run = tinyRun({ rounds: 9, localSteps: 40, quorum: 2, target: 2 });
  // The certificate's dates are compared with the machine's clock.
  return start({ create: run, tls: 'auto', token, clock: systemClock });
}

/** The place of `--upstream LINK`, and a relay of a run below it. */
async function below(link: string) {
  const data = temporaryFolder();
  const place = upstreamPlace({ upstream: link, data, seed: 0 });
  if (place === null) throw new Error('there is no place');
  const readers = 'anyone';
  const run = await upstreamRun(place, place.address.url, { ...own, mixing: null, rounds: 40, readers });
  return { place, relay: await start({ folder: data, create: run }) };
}

/** Joins the two until the test is over; what it says. */
function joined({ place, relay }: Awaited<ReturnType<typeof below>>) {
  const lines: string[] = [];
  const problems: unknown[] = [];
  const leaving = new AbortController();
  const progress = {
    say: (_: object, line: string) => void lines.push(line),
    problem: (problem: unknown) => void problems.push(problem),
  };
  const done = joinUpstream(relay, place, progress, leaving.signal);
  onTestFinished(async () => {
    leaving.abort();
    await done;
  });
  return { lines, problems, done };
}

test('a link brings the token and the pinned certificate, and the panel says that the relay joined', async () => {
  const above = await upstream();
  const pair = await below(joinLink(above.url, token, above.fingerprint));
  expect(pair.place.address).toMatchObject({ token, fingerprint: expect.stringMatching(/^[\da-f]{64}$/) });
  const { lines } = joined(pair);
  await until(() => pair.relay.status().base.upstream?.state === 'following');
  expect(above.status().nodes).toHaveLength(1);
  await until(() => lines.length > 0);
  expect(lines[0]).toMatch(/^Upstream {3}Joined "tiny" at round 1 of 9 as [\da-f]{16}\.$/);
});

test('below a run that grants its upper layers each node trains the whole model', async () => {
  const run = tinyRun({ rounds: 9, localSteps: 40, quorum: 2, target: 2 });
  const { from } = upperLayers(tinyConfig, 1);
  const part = { case: 'upperLayers', value: create(UpperLayersSchema, { layers: 1, from }) } as const;
  const strategy = { ...run.manifest.strategy, part };
  const granting = { ...run, manifest: { ...run.manifest, strategy } };
  const above = await start({ create: granting, token });
  const { relay } = await below(joinLink(above.url, token, above.fingerprint));
  expect(relay.status().run.name).toBe('tiny');
  const response = await fetch(new URL('/manifest', relay.url));
  const { manifest: bytes } = decodeSignedManifest(new Uint8Array(await response.arrayBuffer()));
  expect(decodeManifest(bytes).strategy.part.case).toBe('wholeModel');
});

test('another certificate than that of the link is refused, with what to do', async () => {
  const above = await upstream();
  const wrong = joinLink(above.url, token, '00'.repeat(32));
  await expect(below(wrong)).rejects.toMatchObject({
    code: 'relay.tls',
    next: expect.stringContaining('Copy the fingerprint'),
  });
});

test('a relay that cannot be reached, or that is still starting, is named with what to do', async () => {
  await expect(below('http://127.0.0.1:1/')).rejects.toMatchObject({ code: 'relay.unreachable' });
  const starting = createServer((_, response) => response.writeHead(503).end('the relay is starting')).listen(
    0,
  );
  onTestFinished(() => void starting.close());
  await once(starting, 'listening');
  const address = starting.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await expect(below(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: 'relay.too-many' });
});

test('a wrong token is told, and the run goes on alone', async () => {
  const above = await upstream();
  const pair = await below(joinLink(above.url, 'another', above.fingerprint));
  const { problems, done } = joined(pair);
  await done;
  expect(problems).toEqual([expect.objectContaining({ code: 'relay.bad-token' })]);
  expect(pair.relay.status().base.upstream?.state).toBe('alone');
});

test('a link that is none, or a flag that the upstream run decides, is refused before anything is made', () => {
  const place = (flags: object) => {
    try {
      return upstreamPlace({ data: '/nowhere', seed: 0, ...flags });
    } catch (error) {
      return error;
    }
  };
  expect(place({})).toBeNull();
  const codes: [object, TapestryError['code'], string][] = [
    [{ upstream: 'ftp://relay.example/' }, 'usage.relay', 'Give one such as'],
    [{ upstream: 'https://relay.example/#fingerprint=abc' }, 'usage.fingerprint', 'Copy the fingerprint'],
    [{ upstream: 'http://relay.example/', weightShare: 50 }, 'usage.upstream', 'Leave it out'],
  ];
  for (const [flags, code, next] of codes)
    expect(place(flags), code).toMatchObject({ code, next: expect.stringContaining(next) });
  expect(place({ upstream: 'http://relay.example/', weightShare: 50 })).toMatchObject({
    message: expect.stringContaining('--weight-share'),
  });
});

test('a folder with a run of its own cannot be joined to an upstream run', async () => {
  const above = await upstream();
  const place = upstreamPlace({
    upstream: joinLink(above.url, token, above.fingerprint),
    data: temporaryFolder(),
    seed: 0,
  });
  const relay = await start();
  if (place === null) throw new Error('there is no place');
  const progress = { say: () => {}, problem: () => {} };
  await expect(joinUpstream(relay, place, progress, new AbortController().signal)).rejects.toMatchObject({
    code: 'run.other',
    next: expect.stringContaining('--data'),
  });
});
