import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PresenterClient } from '../../../../apps/dashboard/presenter/presenter-client.ts';
import type { Relay } from '../../../../relay/server/server.ts';
import { folderSource } from '../../../../relay/verify/folder-source.ts';
import { extensionMs, presenterProof, presenterScheme } from '../../../../relay/wire/presenter.ts';
import { runPython } from '../../../support/python.ts';
import { TestClock } from '../../../support/relay/run-support.ts';
import { payloadOf, ScriptedNode } from '../../../support/relay/scripted-node.ts';
import { smallRun } from '../../../support/relay/small-run.ts';
import { expectCounted, journal, start, until } from '../../../support/relay/stage.ts';
import { reportOf } from '../../../support/relay/written-run.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const presenter = 'warp and weft';

function holder(relay: Relay, secret = presenter): PresenterClient {
  return new PresenterClient(secret, (request) => fetch(new URL('api/presenter', relay.url), request));
}

/** The presenter's commands in the journal. */
async function presented(relay: Relay) {
  return (await journal(relay)).filter(({ kind }) => kind === 'presented').map(({ body }) => body);
}

test('a run waits in the lobby for the presenter, pauses, and goes on, also over restarts', async () => {
  const folder = temporaryFolder();
  const clock = new TestClock();
  let relay = await start({ folder, presenter, clock, create: smallRun({ rounds: 3 }) });
  await ScriptedNode.join(relay.url);
  await ScriptedNode.join(relay.url);
  await until(() => relay.status().nodes.length === 2);
  expect(relay.status().round).toMatchObject({ phase: 'waiting', hold: 'lobby', openedAt: null });
  expect(await holder(relay).act({ action: 'pause' })).toBe('not-now');
  expect(await holder(relay).act({ action: 'extend' })).toBe('not-now');
  expect(await presented(relay)).toEqual([]);
  await relay.close();

  relay = await start({ folder, presenter, clock });
  const first = await ScriptedNode.join(relay.url);
  const second = await ScriptedNode.join(relay.url);
  await until(() => relay.status().nodes.length === 2);
  expect(relay.status().round.hold).toBe('lobby');
  expect(await holder(relay).act({ action: 'start' })).toBe('done');
  const opened = await first.next('roundOpen');
  await second.next('roundOpen');
  expect(relay.status().round).toMatchObject({ phase: 'training', hold: null });

  const { deadlineAt } = relay.status().round;
  expect(await holder(relay).act({ action: 'extend' })).toBe('done');
  expect(relay.status().round.deadlineAt).toBe((deadlineAt ?? 0) + extensionMs);
  // The round that is open goes on to its end.
  expect(await holder(relay).act({ action: 'pause' })).toBe('done');
  expect(await holder(relay).act({ action: 'pause' })).toBe('not-now');
  await first.contribute(opened, payloadOf(1));
  await second.contribute(opened, payloadOf(2));
  expect(await first.next('commit')).toMatchObject({ round: 1 });
  await until(() => relay.status().round.phase === 'waiting');
  expect(relay.status().round).toMatchObject({ number: 2, hold: 'paused' });
  await relay.close();

  relay = await start({ folder, presenter, clock });
  expect(relay.status().round).toMatchObject({ number: 2, hold: 'paused' });
  const third = await ScriptedNode.join(relay.url);
  await ScriptedNode.join(relay.url);
  await until(() => relay.status().nodes.length === 2);
  expect(await holder(relay).act({ action: 'start' })).toBe('done');
  expect((await third.next('roundOpen')).round).toBe(2);
  expect(await presented(relay)).toEqual([
    { round: 1, action: 'start', node: null },
    { round: 1, action: 'extend', node: null },
    { round: 1, action: 'pause', node: null },
    { round: 2, action: 'start', node: null },
  ]);
  await relay.close();
  // Without a presenter nothing would ever start a paused run.
  const plain = await start({ folder, clock });
  expect(plain.status().round.hold).toBeNull();
});

test('the presenter removes a node for good, and ends the run with what its round has', async () => {
  const folder = temporaryFolder();
  const relay = await start({ folder, presenter, create: smallRun({ rounds: 5 }) });
  const first = await ScriptedNode.join(relay.url);
  const second = await ScriptedNode.join(relay.url);
  const third = await ScriptedNode.join(relay.url);
  await until(() => relay.status().nodes.length === 3);
  await holder(relay).act({ action: 'start' });
  const opened = await first.next('roundOpen');
  await first.contribute(opened, payloadOf(1));
  await second.contribute(opened, payloadOf(2));
  const node = relay.status().nodes[2]?.id ?? '';
  expect(await holder(relay).act({ action: 'remove', node: 'ab'.repeat(8) })).toBe('gone');
  expect(await holder(relay).act({ action: 'remove', node })).toBe('done');
  expect(await third.refusal()).toBe('REMOVED');
  expect(await third.goodbye()).toBe('REFUSED');
  const again = await ScriptedNode.connect(relay.url, { identity: third.identity });
  await again.sendJoin({ corpus: 0 });
  expect(await again.refusal()).toBe('REMOVED');
  await expectCounted(relay, 'REMOVED', 2);
  // Everyone who is still there has contributed, so the round commits and the next one opens.
  expect(await first.next('commit')).toMatchObject({ round: 1, contributions: 2 });
  const next = await first.next('roundOpen');
  await first.contribute(next, payloadOf(3));
  expect(await holder(relay).act({ action: 'end' })).toBe('done');
  expect(await first.goodbye()).toBe('RUN_COMPLETE');
  await relay.complete;
  expect(relay.status()).toMatchObject({ round: { phase: 'complete' }, base: { round: 1 } });
  expect(await holder(relay).act({ action: 'start' })).toBe('not-now');
  await relay.close();
  expect(await reportOf(folderSource(folder))).toMatchObject({ rounds: 1, problems: [] });
  const { stdout } = await runPython(join(import.meta.dirname, '../../../verifier/verify.py'), folder);
  expect(JSON.parse(stdout)).toMatchObject({ rounds: 1, problems: [] });
});

test('only a fresh proof of the secret acts, and a relay without a presenter has none', async () => {
  const relay = await start({ presenter });
  expect(await holder(relay, 'another').act({ action: 'start' })).toBe('refused');
  const address = new URL('api/presenter', relay.url);
  const nonce = async () => JSON.parse(await (await fetch(address)).text()).nonce as string;
  const send = (body: string, proof: string) =>
    fetch(address, { method: 'POST', body, headers: { authorization: `${presenterScheme} ${proof}` } });
  const body = JSON.stringify({ action: 'start' });
  const proof = presenterProof(presenter, await nonce(), body);
  expect((await send(JSON.stringify({ action: 'end' }), proof)).status).toBe(401);
  expect((await send(body, proof)).status).toBe(200);
  expect((await send(body, proof)).status).toBe(401);
  for (const bad of [
    '',
    'x',
    'null',
    '{"action":"stop"}',
    '{"action":"end","more":1}',
    '{"action":"remove"}',
  ])
    expect((await send(bad, presenterProof(presenter, await nonce(), bad))).status, bad).toBe(400);
  const long = ' '.repeat(257);
  expect((await send(long, presenterProof(presenter, await nonce(), long))).status).toBe(413);
  for (const wrong of ['', 'ab', proof.toUpperCase(), 'z'.repeat(64)])
    expect((await send(body, wrong)).status, wrong).toBe(401);
  expect(await presented(relay)).toHaveLength(1);
  const plain = await start();
  expect((await fetch(new URL('api/presenter', plain.url))).status).toBe(404);
  expect(await holder(plain).act({ action: 'start' })).toBe('unreachable');
});
