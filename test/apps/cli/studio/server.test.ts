import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { serveStudio } from '../../../../apps/cli/studio/server.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

async function served() {
  const folder = temporaryFolder();
  for (const name of ['studio.html', 'offline.js', 'studio-worker.js'])
    writeFileSync(join(folder, name), name);
  const server = await serveStudio(folder, 0);
  onTestFinished(() => server.close());
  return server;
}

test('the page and its worker may connect to nothing, the service worker to its own server', async () => {
  const { url } = await served();
  const policyOf = async (path: string) => {
    const response = await fetch(new URL(path, url));
    expect(response.status).toBe(200);
    return response.headers.get('content-security-policy');
  };
  for (const path of ['', 'studio-worker.js']) {
    const policy = await policyOf(path);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'none'");
  }
  expect(await policyOf('offline.js')).toBe("default-src 'none'; connect-src 'self'");
  expect((await fetch(new URL('../package.json', url))).status).toBe(404);
});

test('answers to the names of this machine alone, and to no other page', async () => {
  const { url } = await served();
  const { port } = new URL(url);
  const statusOf = (headers: Record<string, string>) =>
    new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.on('error', reject).end();
    });
  expect(await statusOf({ host: `localhost:${port}` })).toBe(200);
  expect(await statusOf({ host: 'evil.example' })).toBe(403);
  expect(await statusOf({ host: `localhost:${port}`, origin: 'https://evil.example' })).toBe(403);
});

test('says what to do where nothing is built, and where the port is in use', async () => {
  await expect(serveStudio(temporaryFolder(), 0)).rejects.toMatchObject({ code: 'studio.not-built' });
  const { port } = new URL((await served()).url);
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'studio.html'), '');
  await expect(serveStudio(folder, Number(port))).rejects.toMatchObject({
    code: 'studio.cannot-listen',
    next: expect.stringContaining('--port'),
  });
});
