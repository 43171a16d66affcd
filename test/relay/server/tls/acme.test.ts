import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AcmeCertificate } from '../../../../relay/server/tls/acme-certificate.ts';
import type { AcmeOptions } from '../../../../relay/server/tls/acme-options.ts';
import { Authority } from '../../../support/acme/authority.ts';
import { freePort } from '../../../support/free-port.ts';
import { TestClock } from '../../../support/relay/run-support.ts';
import { ScriptedNode } from '../../../support/relay/scripted-node.ts';
import { start, until } from '../../../support/relay/stage.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const day = 86_400_000;
const host = 'relay.example';
const clock = new TestClock();
let authority: Authority;
let challengePort: number;

beforeAll(async () => {
  // A client checks the dates by the real time, which both certificates of a renewal must hold at.
  clock.step(Date.now() - clock.now() - 62 * day);
  challengePort = await freePort();
  authority = await Authority.start({ now: clock.now, challengePort });
});
afterAll(() => authority.close());

const options = (changes: Partial<AcmeOptions> = {}): AcmeOptions => ({
  ...{ host, directory: `${authority.url}/directory`, agreed: true, challengePort },
  ...changes,
});
const certificate = (folder: string, changes?: Partial<AcmeOptions>) =>
  new AcmeCertificate(options(changes), folder, 1);

test('orders a certificate once, keeps it and its keys for its owner alone, and renews it in its last third', async () => {
  const folder = temporaryFolder();
  const kept = certificate(folder, { email: 'operator@relay.example' });
  const made = await kept.open(clock.now());
  const x509 = new X509Certificate(made.cert);
  expect(x509.checkHost(host)).toBe(host);
  expect(x509.verify(new X509Certificate(authority.root).publicKey)).toBe(true);
  // The chain, as servers send it.
  expect(made.cert.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  expect(authority.contacts.at(-1)).toEqual(['mailto:operator@relay.example']);
  for (const name of ['acme-key.pem', 'acme-account.pem'])
    expect(statSync(`${folder}/${name}`).mode & 0o777, name).toBe(0o600);
  const { signed } = authority;
  expect(await certificate(folder).open(clock.now())).toEqual(made);
  expect(authority.signed).toBe(signed);
  const now = clock.now();
  expect([kept.isDue(now + 59 * day), kept.isDue(now + 61 * day)]).toEqual([false, true]);
  const account = readFileSync(`${folder}/acme-account.pem`, 'utf8');
  // One that has ended, and one for another name, are not used.
  expect(await certificate(folder).open(now + 91 * day)).not.toEqual(made);
  const other = await certificate(folder, { host: 'other.example' }).open(now);
  expect(new X509Certificate(other.cert).checkHost('other.example')).toBe('other.example');
  expect(readFileSync(`${folder}/acme-account.pem`, 'utf8')).toBe(account);
});

test('says what to do for each reason why there is no certificate', async () => {
  const folder = temporaryFolder();
  const failed = (changes: Partial<AcmeOptions> = {}) =>
    certificate(folder, changes)
      .open(clock.now())
      .then(
        () => null,
        (error: unknown) => error,
      );
  expect(await failed({ agreed: false })).toMatchObject({
    code: 'acme.terms',
    message: expect.stringContaining('https://authority.example/terms'),
    next: expect.stringContaining('--acme-agree'),
  });
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(challengePort, resolve));
  expect(await failed()).toMatchObject({
    code: 'acme.port',
    message: expect.stringContaining('another program uses it'),
    next: expect.stringContaining('--acme-port'),
  });
  await new Promise((resolve) => taken.close(resolve));
  // The authority does not reach the port.
  expect(await failed({ challengePort: await freePort() })).toMatchObject({ code: 'acme.unreachable' });
  for (const [at, type, code] of [
    ['challenge', 'dns', 'acme.name'],
    ['challenge', 'unauthorized', 'acme.unreachable'],
    ['order', 'rateLimited', 'acme.limit'],
    ['order', 'rejectedIdentifier', 'acme.name'],
    ['order', 'serverInternal', 'acme.refused'],
  ] as const) {
    authority.refusal = { at, type, detail: `no, because of ${type}` };
    expect(await failed(), type).toMatchObject({
      code,
      message: expect.stringContaining(`because of ${type}`),
    });
  }
  authority.refusal = null;
  const nobody = `http://127.0.0.1:${await freePort()}/directory`;
  expect(await failed({ directory: nobody })).toMatchObject({
    code: 'acme.directory',
    message: `The certificate authority at ${nobody} does not answer.`,
  });
  expect(await failed()).toBeNull();
});

/** A connection that stays open, and the certificate that it got. */
async function connected(port: string): Promise<{ socket: TLSSocket; serial: string }> {
  const socket = connect({ host: '127.0.0.1', port: Number(port), servername: host, ca: authority.root });
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  return { socket, serial: socket.getPeerCertificate().serialNumber };
}

test('a relay renews its certificate by its clock, and no connection breaks', async () => {
  const relay = await start(
    { clock, tls: { acme: options() }, publicUrl: new URL('https://relay.example:8443/'), token: 'warp' },
    { certificateLook: 10, acmePoll: 1 },
  );
  // Links hold no fingerprint of it: it changes.
  expect(relay.fingerprint).toBeNull();
  const before = await connected(relay.url.port);
  const node = await ScriptedNode.connect(relay.url, { socket: { rejectUnauthorized: false } });
  const { signed, refused } = authority;
  authority.refusal = { at: 'order', type: 'rateLimited', detail: 'later' };
  clock.step(61 * day);
  // A renewal that fails changes nothing, and is tried again.
  await until(() => authority.refused > refused);
  expect((await connected(relay.url.port)).serial).toBe(before.serial);
  authority.refusal = null;
  await until(() => authority.signed > signed);
  await until(async () => (await connected(relay.url.port)).serial !== before.serial);
  expect(authority.signed).toBe(signed + 1);
  expect([before.socket.destroyed, before.socket.readyState]).toEqual([false, 'open']);
  await node.sendJoin();
});
