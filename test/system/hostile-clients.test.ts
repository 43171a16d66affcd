import { mkdtempSync, rmSync } from 'node:fs';
import { get as getPlain } from 'node:http';
import { get as getTls } from 'node:https';
import { tmpdir } from 'node:os';
import { join as pathOf } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newRun } from '../../apps/cli/run/new-run.ts';
import { SqliteLog } from '../../relay/journal/sqlite-log.ts';
import { systemClock } from '../../relay/run/clock.ts';
import { Run } from '../../relay/run/run.ts';
import { NodeState } from '../../relay/wire/tapestry_pb.js';
import { freePort } from '../support/free-port.ts';
import { socketFrom, type Target } from '../support/hostile/attack.ts';
import { plainAttacks, tlsAttacks } from '../support/hostile/attacks.ts';
import { shown, siege } from '../support/hostile/siege.ts';
import { newIdentity, ScriptedNode } from '../support/relay/scripted-node.ts';
import { built } from './built.ts';
import { RelayProcess } from './crash/relay-process.ts';

/** `TAPESTRY_HOSTILE=full` runs the attacks at the size at which they were found. */
const full = process.env['TAPESTRY_HOSTILE'] === 'full';
const milliseconds = full ? 10_000 : 900;
/** Milliseconds for which the relay may compute without a look at its sockets: 50 were measured at most, the faults took seconds. */
const longestHold = 500;
const token = 'warp and weft';

/** A run of the preset nano, with a journal that is long to read. */
async function runFolder(entries: number) {
  const folder = mkdtempSync(pathOf(tmpdir(), 'tapestry-hostile-'));
  const create = newRun({
    name: 'besieged',
    preset: 'nano',
    rounds: 1_000,
    steps: 4,
    batch: 1,
    corpora: ['North', 'South'],
    quorum: 1,
    graceShare: 0,
    deadlineMs: 3_600_000,
    graceMs: 200,
    maxNodes: 4096,
    readers: 'anyone',
    seed: 1,
    created: 1,
  });
  const run = await Run.open(folder, create, systemClock);
  const { hash: base } = await run.base();
  const { payloadBytes } = run.manifest.limits;
  const { batch, sequence } = run.manifest.strategy;
  await run.close();
  const log = new SqliteLog(folder);
  const lease = await log.lead('test');
  if (lease === null) throw new Error('another process has the run');
  let last = { sequence: 0, hash: '' };
  for await (const { sequence, hash } of log.read(0)) last = { sequence, hash };
  const body = { round: 1, counts: { MALFORMED: 1, OUT_OF_LIMIT: 1, TOO_MANY: 1 } };
  const drafts = Array.from({ length: entries }, () => ({ kind: 'refused', body }) as const);
  await log.append(lease, last, drafts);
  await log.close();
  const tokensPerStep = batch * sequence;
  return { folder, base, payloadBytes, tokensPerStep, tokens: 4 * tokensPerStep };
}

/** The status of an answer, and its first bytes. */
function ask(url: URL, path: string, from: string): Promise<{ status: number; text: string }> {
  const get = url.protocol === 'https:' ? getTls : getPlain;
  return new Promise((resolve, reject) => {
    const request = get(new URL(path, url), {
      localAddress: from,
      rejectUnauthorized: false,
      timeout: 5_000,
    });
    request.on('timeout', () => request.destroy(new Error(`${path} did not answer`)));
    request.on('error', reject);
    request.on('response', (response) => {
      response.once('data', (bytes: Buffer) => {
        request.destroy();
        resolve({ status: response.statusCode ?? 0, text: bytes.toString() });
      });
      response.on('error', () => {});
    });
  });
}

describe.each([
  { scheme: 'http', attacks: plainAttacks, words: [], secret: undefined },
  { scheme: 'https', attacks: tlsAttacks, words: ['--tls', 'auto', '--token', token], secret: token },
])('a relay over $scheme', ({ scheme, attacks, words, secret }) => {
  let relay: RelayProcess;
  let url: URL;
  let folder: string;
  let beating: NodeJS.Timeout;
  let facts: { base: string; payloadBytes: number; tokens: number; tokensPerStep: number };
  const member = { node: null as ScriptedNode | null };
  const join = async (from: string) => {
    const socket = socketFrom(url.href, from);
    const options = {
      socket,
      identity: await newIdentity(),
      ...(secret === undefined ? {} : { token: secret }),
    };
    return ScriptedNode.join(url, options);
  };

  beforeAll(async () => {
    const { tapestry } = await built();
    const { folder: made, ...known } = await runFolder(full ? 100_000 : 20_000);
    folder = made;
    facts = known;
    const port = await freePort();
    url = new URL(`${scheme}://127.0.0.1:${port}/`);
    relay = new RelayProcess(tapestry, folder, port, words);
    relay.start();
    for (let status = 0; status !== 200; ) {
      status = await ask(url, 'healthz', '127.0.0.1').then(
        (answer) => answer.status,
        () => 0,
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const node = await join('127.0.0.3');
    beating = setInterval(() => node.sendHeartbeat(1, NodeState.TRAINING, facts.tokensPerStep), 2_000);
    member.node = node;
  });
  afterAll(async () => {
    clearInterval(beating);
    await relay.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What honest people want meanwhile: a member's contribution counts, a newcomer joins, a dashboard shows the status. */
  const meanwhile = async (from: string) => {
    const { node } = member;
    if (node === null) throw new Error('no member');
    const viewer = await ask(url, 'api/events', '127.0.0.4');
    expect(viewer.status).toBe(200);
    const newcomer = await join(from);
    const opened = await newcomer.next('roundOpen');
    for (const [shift, contributor] of [newcomer, node].entries()) {
      const payload = new Uint8Array(facts.payloadBytes);
      // A shift in a block of zeros: a valid payload that nobody sent before.
      payload[257 * opened.round] = 1 + shift;
      await contributor.contribute(opened, payload, { tokens: facts.tokens });
    }
    newcomer.vanish();
    await node.next('commit');
  };

  const names = [null, ...Object.keys(attacks)];
  test.each(names)('%s', async (attack) => {
    const sized = attack === null ? null : attacks[attack];
    const count = sized === null || sized === undefined ? 0 : full ? sized.full : sized.small;
    // Each attack comes from addresses of its own: an earlier one must not have spent their budget.
    const addresses = Array.from(
      { length: sized?.addresses ?? 1 },
      (_, i) => `127.1.${names.indexOf(attack)}.${i + 1}`,
    );
    const target: Target = { url: url.href, from: addresses, count, ...facts };
    // People behind the address that guesses tokens join as well.
    const from = attack === 'token guesses' ? `127.1.${names.indexOf(attack)}.1` : '127.0.0.5';
    const figures = await siege({ attack, target, pid: relay.pid }, milliseconds, () => meanwhile(from));
    console.log(shown(figures));
    expect.soft(figures.unanswered).toBe(0);
    // The target is a p99 of 100 ms. Where other tests load the machine, an answer waits for the processor as long as they let
    // it, so times are for a quiet machine. Elsewhere every probe must be answered, and `loopHeld`, which counts only what the
    // relay itself computed, shows one that is busy for too long at a time.
    if (full) expect.soft(figures.p99).toBeLessThan(100);
    expect.soft(figures.loopHeld).toBeLessThanOrEqual(longestHold);
    expect.soft(figures.memory).toBeLessThan(512);
  });
});
