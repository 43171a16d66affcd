import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRelay } from '../../../../relay/server/server.ts';
import { certificateFor } from '../../../../relay/server/tls/certificate.ts';
import { ScriptedNode } from '../../../support/relay/scripted-node.ts';
import { smallRun } from '../../../support/relay/small-run.ts';

const year = 365 * 24 * 60 * 60 * 1000;
const now = Date.now();
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapestry-tls-'));
});

afterAll(() => rm(folder, { recursive: true }));

describe('certificateFor', () => {
  test('makes a certificate for this machine once, with a key that only its owner can read', async () => {
    const made = await certificateFor('auto', folder, '192.0.2.7', now);
    const x509 = new X509Certificate(made?.cert ?? '');
    for (const address of ['127.0.0.1', '::1', '192.0.2.7'])
      expect(x509.checkIP(address), address).toBe(address);
    expect(x509.checkHost('localhost')).toBe('localhost');
    expect(x509.ca).toBe(false);
    expect(made?.fingerprint).toBe(x509.fingerprint256);
    expect((await stat(join(folder, 'tls-key.pem'))).mode & 0o777).toBe(0o600);
    expect(await certificateFor('auto', folder, '192.0.2.7', now)).toEqual(made);
  });

  test('makes another when the first is about to expire, lacks a name or cannot be read', async () => {
    const first = await certificateFor('auto', folder, '192.0.2.7', now);
    const older = await certificateFor('auto', folder, '192.0.2.7', now + year + year / 12);
    expect(older?.fingerprint).not.toBe(first?.fingerprint);
    const elsewhere = await certificateFor('auto', folder, '192.0.2.8', now + year + year / 12);
    expect(elsewhere?.fingerprint).not.toBe(older?.fingerprint);
    // A crash between the two files leaves a key of another certificate.
    await rm(join(folder, 'tls-cert.pem'));
    expect(
      new X509Certificate((await certificateFor('auto', folder, '127.0.0.1', now))?.cert ?? ''),
    ).toBeDefined();
  });

  test.each(['tls-cert.pem', 'tls-key.pem'])('replaces no %s that it did not make', async (name) => {
    const taken = await mkdtemp(join(folder, 'taken-'));
    await writeFile(join(taken, name), 'mine');
    await expect(certificateFor('auto', taken, '127.0.0.1', now)).rejects.toMatchObject({
      code: 'relay.tls-files',
      next: expect.stringContaining('--tls cert.pem,key.pem'),
    });
    expect(await readFile(join(taken, name), 'utf8')).toBe('mine');
    expect(await readdir(taken)).toEqual([name]);
  });

  test('uses the operator’s files, and says what is wrong with them', async () => {
    const made = await certificateFor('auto', folder, '127.0.0.1', now);
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    await writeFile(cert, made?.cert ?? '');
    await writeFile(key, await readFile(join(folder, 'tls-key.pem')));
    expect(await certificateFor({ cert, key }, folder, 'relay.example', now)).toEqual(made);
    await rm(join(folder, 'tls-cert.pem'));
    await certificateFor('auto', folder, '127.0.0.1', now);
    const other = join(folder, 'tls-key.pem');
    for (const wrong of [
      { cert, key: join(folder, 'missing.pem') },
      { cert: key, key },
      { cert, key: other },
    ]) {
      await expect(certificateFor(wrong, folder, 'relay.example', now)).rejects.toMatchObject({
        code: 'relay.tls-files',
      });
    }
  });

  test('gives no certificate if TLS is off', async () => {
    expect(await certificateFor('off', folder, '127.0.0.1', now)).toBeNull();
  });
});

test('a relay with its own certificate serves https and wss, and prints that certificate’s fingerprint', async () => {
  const relay = await startRelay({
    folder: join(folder, 'run'),
    host: '127.0.0.1',
    port: 0,
    tls: 'auto',
    pages: null,
    create: smallRun(),
    log: { info: () => {}, warn: () => {}, error: () => {} },
  });
  try {
    expect(relay.url.protocol).toBe('https:');
    const ca = await readFile(join(folder, 'run', 'tls-cert.pem'));
    const fingerprint = await new Promise((resolve, reject) => {
      request(new URL('healthz', relay.url), { ca }, (response) => {
        const { socket } = response;
        if (socket instanceof TLSSocket) resolve(socket.getPeerCertificate().fingerprint256);
        response.resume();
      })
        .on('error', reject)
        .end();
    });
    expect(fingerprint).toBe(relay.fingerprint);
    const node = await ScriptedNode.connect(relay.url, { socket: { ca } });
    await node.sendJoin();
    await node.next('welcome');
    await expect(ScriptedNode.open(relay.url)).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  } finally {
    await relay.close();
  }
});
