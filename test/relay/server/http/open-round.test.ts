import { readdirSync } from 'node:fs';
import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import type { Relay } from '../../../../relay/server/server.ts';
import { hashOfBytes } from '../../../../relay/storage/sha256.ts';
import { fromHex, toHex } from '../../../../relay/wire/hex.ts';
import { authorizationOf, nonceOf, type ReaderSecret } from '../../../../relay/wire/reader-proof.ts';
import { AnyoneSchema, AuditorSchema, MembersSchema } from '../../../../relay/wire/tapestry_pb.js';
import { TestClock } from '../../../support/relay/run-support.ts';
import { newIdentity, payloadOf, ScriptedNode } from '../../../support/relay/scripted-node.ts';
import { smallRun } from '../../../support/relay/small-run.ts';
import { start, until } from '../../../support/relay/stage.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

/** Parts of a payload in every form in which an answer could hold them. */
function formsOf(payload: Uint8Array): Buffer[] {
  const parts = [0, 1, 2, 3, 4, 5, 6].map((part) => {
    const at = Math.floor((part * payload.length) / 7);
    return Buffer.from(payload.subarray(at, at + 24));
  });
  return parts.flatMap((part) => {
    // The middle of a base64 text, which depends on nothing beside the part, in each of its three alignments.
    const base64 = [0, 1, 2].flatMap((before) => {
      const text = Buffer.concat([Buffer.alloc(before), part]);
      return [text.toString('base64').slice(4, 32), text.toString('base64url').slice(4, 32)];
    });
    const hex = part.toString('hex');
    const texts = [hex, hex.toUpperCase(), [...part].join(','), [...part].join(', '), ...base64];
    return [part, ...texts.map((text) => Buffer.from(text))];
  });
}

function leaks(said: Buffer, payload: Uint8Array): boolean {
  return formsOf(payload).some((form) => said.includes(form));
}

test('the search finds a payload in each form', () => {
  const payload = payloadOf(1);
  for (const shift of [0, 1, 2]) {
    const bytes = Buffer.concat([Buffer.alloc(shift, 'x'), payload]);
    for (const said of [
      ...[bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url')],
      ...[JSON.stringify([...bytes]), bytes.toString('hex').toUpperCase()],
    ])
      expect(leaks(Buffer.from(said), payload)).toBe(true);
    expect(leaks(bytes, payload)).toBe(true);
    expect(leaks(bytes, payloadOf(2))).toBe(false);
  }
});

interface Answer {
  readonly name: string;
  readonly status: number;
  /** Headers and body. */
  readonly said: Buffer;
}

async function ask(relay: Relay, path: string, options: RequestInit = {}): Promise<Answer> {
  const response = await fetch(new URL(path, relay.url), options);
  const headers = JSON.stringify([...response.headers]);
  const name = `${options.method ?? 'GET'} ${path} ${JSON.stringify(options.headers ?? {})}`;
  if (!path.startsWith('api/events') || response.body === null)
    return {
      name,
      status: response.status,
      said: Buffer.concat([Buffer.from(headers), await response.bytes()]),
    };
  const reader = response.body.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return { name, status: response.status, said: Buffer.from(`${headers}${Buffer.from(value ?? [])}`) };
}

/** Every way to ask for one blob. */
function waysTo(hash: string): [string, RequestInit][] {
  const path = `blobs/${hash}`;
  const headers: Record<string, string>[] = [
    ...[{}, { range: 'bytes=0-99' }, { range: 'bytes=-50' }, { 'if-none-match': `"${hash}"` }],
    ...[{ 'if-none-match': '*' }, { 'if-range': `"${hash}"`, range: 'bytes=5-' }],
    ...[{ accept: 'application/json' }, { 'x-forwarded-for': '127.0.0.1' }],
  ];
  return [
    ...headers.map((headers): [string, RequestInit] => [path, { headers }]),
    ...(['HEAD', 'OPTIONS', 'POST', 'PUT'] as const).map((method): [string, RequestInit] => [
      path,
      { method },
    ]),
    ...[`blobs/${hash.toUpperCase()}`, `${path}/`, `${path}?a=b`, `blobs/${hash.slice(0, 2)}/${hash}`].map(
      (path): [string, RequestInit] => [path, {}],
    ),
  ];
}

const places = [
  ...[
    '',
    'dashboard',
    'healthz',
    'metrics',
    'api/status',
    'api/history',
    'api/events',
    'manifest',
    'journal',
    'checkpoint',
  ],
  ...['journal?after=2', 'journal?after=9', 'journal?after=x', 'checkpoint/inclusion?sequence=3&size=3'],
  ...['checkpoint/consistency?from=1&to=3', 'partial', 'blobs', 'blobs/', 'journal.sqlite', 'relay.key'],
  ...['partial/..%2fjournal.sqlite', 'blobs/..%2fjournal.sqlite', 'nothing', 'api/nodes'],
];

/** Asks a relay for everything, and checks that no answer holds the payload and that it cannot be asked for. */
async function expectWithheld(relay: Relay, payload: Uint8Array): Promise<void> {
  const hash = hashOfBytes(payload);
  for (const [path, options] of waysTo(hash)) {
    const { name, status, said } = await ask(relay, path, options);
    expect(leaks(said, payload), name).toBe(false);
    if (path === `blobs/${hash}` && ['GET', 'HEAD'].includes(options.method ?? 'GET'))
      expect([name, status]).toEqual([name, 409]);
    // Nor does the answer tell how long a payload is, or part of its name that was not asked.
    expect(said.includes(String(payload.length)), name).toBe(false);
  }
  for (const path of places) {
    const { name, said } = await ask(relay, path);
    expect(leaks(said, payload), name).toBe(false);
  }
}

const closed = smallRun({ deadlineMs: 20_000 });

/** A relay whose contributions these may read. */
function runFor(readers: NonNullable<(typeof closed)['manifest']['contributionReaders']>) {
  return { ...closed, manifest: { ...closed.manifest, contributionReaders: readers } };
}

const anyone = { case: 'anyone', value: create(AnyoneSchema) } as const;

test('no payload is published before its round commits: in an open attempt, between two, and in the next', async () => {
  const clock = new TestClock();
  const relay = await start({ create: runFor(anyone), clock });
  const [first, second] = [await ScriptedNode.join(relay.url), await ScriptedNode.join(relay.url)];
  const frames: Buffer[] = [];
  const listen = ({ socket }: ScriptedNode) =>
    socket.on('message', (data) => {
      if (data instanceof Uint8Array) frames.push(Buffer.from(data));
    });
  listen(second);
  const opened = await first.next('roundOpen');
  await first.contribute(opened, payloadOf(1));
  await expectWithheld(relay, payloadOf(1));

  // Another node that knows its hash learns nothing with it.
  await second.sendOffer(await second.next('roundOpen'), payloadOf(1));
  expect(await second.refusal()).toBe('DUPLICATE');
  second.vanish();
  await until(() => relay.status().nodes.length === 1);
  clock.pass(20_001);
  await until(() => relay.status().round.phase === 'waiting');
  await expectWithheld(relay, payloadOf(1));

  const third = await ScriptedNode.join(relay.url);
  listen(third);
  const again = await third.next('roundOpen');
  expect(again).toMatchObject({ round: 1, attempt: 2 });
  await expectWithheld(relay, payloadOf(1));
  await first.contribute(again, payloadOf(3));
  await third.contribute(again, payloadOf(4));
  await third.next('commit');
  expect(frames.length).toBeGreaterThan(3);
  for (const frame of frames) for (const seed of [1, 3]) expect(leaks(frame, payloadOf(seed))).toBe(false);
  // Then all of them can be read, those of the abandoned attempt too: what was searched above can be found.
  for (const seed of [1, 3, 4]) {
    const { status, said } = await ask(relay, `blobs/${hashOfBytes(payloadOf(seed))}`);
    expect([status, leaks(said, payloadOf(seed))]).toEqual([200, true]);
  }
});

test('while the relay measures a base, neither that nor a payload can be read; a base that the guard refuses never', async () => {
  const folder = temporaryFolder();
  const probe = new Uint8Array(8);
  const guard = {
    case: 'probe',
    value: { hash: fromHex(hashOfBytes(probe)), byteLength: 8, maxIncrease: 0.25, rounds: 1 },
  } as const;
  const measured: PromiseWithResolvers<number>[] = [];
  const evaluate = () => {
    const loss = Promise.withResolvers<number>();
    measured.push(loss);
    return loss.promise;
  };
  const { manifest, initialBase } = runFor(anyone);
  const relay = await start({
    folder,
    create: { manifest: { ...manifest, guard }, initialBase, probe },
    evaluate,
  });
  const nodes = [await ScriptedNode.join(relay.url), await ScriptedNode.join(relay.url)];
  const readable = async () => {
    const names = readdirSync(`${folder}/blobs`, { recursive: true, encoding: 'utf8' });
    const hashes = names.map((name) => name.split('/').at(-1) ?? '').filter((name) => name.length === 64);
    const found = [];
    for (const hash of hashes) if ((await ask(relay, `blobs/${hash}`)).status === 200) found.push(hash);
    return found.sort();
  };
  const before = [hashOfBytes(probe), relay.status().base.hash].sort();
  for (const loss of [9, 2]) {
    for (const [i, node] of nodes.entries())
      await node.contribute(await node.next('roundOpen'), payloadOf(loss + i));
    await until(() => measured.length > 0);
    if (loss === 9) {
      measured.shift()?.resolve(3);
      await until(() => measured.length > 0);
    }
    for (const i of [0, 1]) await expectWithheld(relay, payloadOf(loss + i));
    expect(await readable()).toEqual(before);
    measured.shift()?.resolve(loss);
  }
  for (const node of nodes) await node.next('commit');
  const { hash } = relay.status().base;
  // The new base, its momentum, and the payloads of both attempts.
  expect(await readable()).toHaveLength(before.length + 2 + 4);
  expect(await readable()).toContain(hash);
});

test('only those whom the manifest names read a single delta, in every way to ask for it', async () => {
  const auditor = await newIdentity();
  const stranger = await newIdentity();
  const token = 'secret';
  const secrets: Record<string, ReaderSecret | null> = {
    nothing: null,
    token: { token },
    'another token': { token: 'Secret' },
    'an empty token': { token: '' },
    'the auditor’s key': { key: auditor.privateKey },
    'another key': { key: stranger.privateKey },
  };
  for (const [readers, holder] of [
    [{ case: 'members', value: create(MembersSchema) }, 'token'],
    [
      { case: 'auditor', value: create(AuditorSchema, { publicKey: auditor.publicKey }) },
      'the auditor’s key',
    ],
  ] as const) {
    const relay = await start({ create: runFor(readers), token }, { wrongTokenBurst: 1000 });
    const nodes = [];
    for (const seed of [1, 2]) nodes.push({ seed, node: await ScriptedNode.join(relay.url, { token }) });
    for (const { seed, node } of nodes) await node.contribute(await node.next('roundOpen'), payloadOf(seed));
    await nodes[0]?.node.next('commit');
    const hash = hashOfBytes(payloadOf(1));
    const challenged = await fetch(new URL(`blobs/${hash}`, relay.url));
    const nonce = nonceOf(challenged.headers.get('www-authenticate')) ?? '';
    for (const [name, secret] of Object.entries(secrets)) {
      const authorization = secret && (await authorizationOf(secret, nonce));
      for (const [path, options] of waysTo(hash)) {
        const headers = { ...options.headers, ...(authorization === null ? {} : { authorization }) };
        const answer = await ask(relay, path, { ...options, headers });
        const isAsked =
          path.startsWith(`blobs/${hash}`) && !path.endsWith('/') && options.method === undefined;
        const mayRead = name === holder;
        if (isAsked) expect([name, answer.name, answer.status < 400]).toEqual([name, answer.name, mayRead]);
        if (!mayRead) expect(leaks(answer.said, payloadOf(1)), `${name}: ${answer.name}`).toBe(false);
      }
    }
    // A stranger cannot tell a payload that is there from one that is not.
    const [there, not] = [
      await ask(relay, `blobs/${hash}`),
      await ask(relay, `blobs/${toHex(auditor.publicKey)}`),
    ];
    const plain = ({ status, said }: Answer) => [
      status,
      said.toString().replace(/nonce=\w+|"date","[^"]*"/g, ''),
    ];
    expect(plain(there)).toEqual(plain(not));
    for (const path of places) expect(leaks((await ask(relay, path)).said, payloadOf(1)), path).toBe(false);
  }
});
