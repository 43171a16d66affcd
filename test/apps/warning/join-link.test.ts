import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { joinLink } from '../../../apps/cli/run/relay-address.ts';
import { warningPages } from '../../../apps/warning/warning-page.ts';
import { systemClock } from '../../../relay/run/clock.ts';
import { tinyRun } from '../../support/contribute/harness.ts';
import { start, until } from '../../support/relay/stage.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { built } from '../../system/built.ts';

const token = 'never-in-plain';

/** A line to the relay's port, and all that clients sent over it, by connection. */
async function tapped(port: number): Promise<{ port: number; sent: Buffer[][] }> {
  const sent: Buffer[][] = [];
  const server = createServer((client: Socket) => {
    const bytes: Buffer[] = [];
    sent.push(bytes);
    const upstream = connect(port, '127.0.0.1');
    client.on('data', (piece: Buffer) => bytes.push(piece));
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
    onTestFinished(() => void client.destroy());
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, sent };
}

test('join takes a link that begins with http, and sends nothing in plain', async () => {
  const { tapestry } = await built();
  const relay = await start(
    {
      tls: 'auto',
      plainPages: warningPages,
      token,
      create: tinyRun({ rounds: 1, localSteps: 4, quorum: 2, target: 2 }),
      clock: systemClock,
    },
    { silence: 3_600_000 },
  );
  const line = await tapped(Number(relay.url.port));
  const link = joinLink(new URL(`http://127.0.0.1:${line.port}/`), token, relay.fingerprint);
  const words = ['join', link, '--corpus', 'Romance', '--data', join(temporaryFolder(), 'node')];
  const child = spawn(process.execPath, [tapestry, ...words], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await until(() => relay.status().nodes.length === 1 || child.exitCode !== null);
  expect(relay.status().nodes).toHaveLength(1);
  const used = line.sent.map((pieces) => Buffer.concat(pieces)).filter((bytes) => bytes.length > 0);
  expect(used.length).toBeGreaterThan(0);
  for (const bytes of used) {
    expect(bytes[0]).toBe(0x16);
    expect(bytes.includes(token)).toBe(false);
  }
});
