import { expect, onTestFinished, test } from 'vitest';
import { Random } from '../../../client/random.ts';
import type { Run } from '../../../relay/run/run.ts';
import { relaySource } from '../../../relay/verify/http-source.ts';
import { places, reportOf, writeRun } from '../../support/relay/written-run.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const relay = new URL('https://relay.example/on/a/path/');
type Change = (path: string, body: Buffer<ArrayBuffer>) => BodyInit | Response;

async function writtenRun(): Promise<Run> {
  const run = await writeRun(temporaryFolder());
  onTestFinished(() => run.close());
  return run;
}

/** Verifies a run through its relay's responses, each changed by the test. */
async function verify(run: Run, change: Change = (_, body) => body) {
  const get = async (url: URL) => {
    const body = await bodyOf(run, url.pathname.slice(relay.pathname.length));
    if (body === null) return new Response('', { status: 404 });
    const changed = change(url.pathname.slice(relay.pathname.length), body);
    return changed instanceof Response ? changed : new Response(changed);
  };
  return reportOf(relaySource(relay, { fetch: get }));
}

async function bodyOf(run: Run, path: string): Promise<Buffer<ArrayBuffer> | null> {
  if (path === 'journal') {
    const lines: string[] = [];
    for await (const line of run.journalAfter(0)) lines.push(`${line}\n`);
    return Buffer.from(lines.join(''));
  }
  if (!path.startsWith('blobs/')) return null;
  const blob = await run.openBlob(path.slice('blobs/'.length));
  return blob === null ? null : Buffer.from(await new Response(blob.bytes).arrayBuffer());
}

test('a relay’s responses verify like its folder, and a change in them is named', async () => {
  const run = await writtenRun();
  const paths = new Set<string>();
  const report = await verify(run, (path, body) => {
    paths.add(path);
    return body;
  });
  expect(report).toMatchObject({ rounds: 2, problems: [], base: run.current().base });
  expect(paths.size).toBeGreaterThan(9);
  const random = Random.seeded(8);
  for (const path of [...paths, ...Array.from({ length: 60 }, () => 'journal')]) {
    const { problems } = await verify(run, (asked, body) => {
      // A journal without its last line end is an incomplete response.
      const at = random.below(body.length - 1);
      if (asked === path) body[at] = (body[at] ?? 0) ^ (1 + random.below(255));
      return body;
    });
    const place = path.startsWith('blobs/') ? `blobs/${path.slice(6, 8)}/${path.slice(6)}` : 'journal';
    expect(places(problems), path).toContainEqual(expect.stringContaining(place));
  }
});

test('an error of relay or proxy is not reported as tampering, and says what to do', async () => {
  const run = await writtenRun();
  const blob = (status: number): Change => {
    return (path, body) => (path.startsWith('blobs/') ? new Response('', { status }) : body);
  };
  for (const status of [429, 500, 502, 503, 504]) {
    const failed = { code: 'relay.fault', next: expect.stringContaining('again later') };
    await expect(verify(run, blob(status))).rejects.toMatchObject(failed);
    await expect(verify(run, () => new Response('', { status }))).rejects.toMatchObject(failed);
  }
  for (const status of [401, 403]) {
    await expect(verify(run, blob(status))).rejects.toMatchObject({ code: 'relay.closed-to-readers' });
  }
  await expect(verify(run, blob(302))).rejects.toMatchObject({ code: 'relay.unreachable' });
  expect((await verify(run, blob(404))).problems[0]).toMatchObject({ problem: 'is missing' });
});

test('a response cut off at any place is not reported as tampering', async () => {
  const run = await writtenRun();
  const broken = (body: Buffer<ArrayBuffer>, length: number) => {
    let sent = false;
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent) controller.error(new TypeError('terminated'));
        else controller.enqueue(body.subarray(0, length));
        sent = true;
      },
    });
  };
  for (const part of [0, 0.3, 1]) {
    const cut = verify(run, (path, body) => (path === 'journal' ? broken(body, body.length * part) : body));
    await expect(cut).rejects.toMatchObject({ code: 'relay.cut-off' });
  }
  const blob = verify(run, (path, body) => (path.startsWith('blobs/') ? broken(body, 40) : body));
  await expect(blob).rejects.toMatchObject({ code: 'relay.cut-off' });
  const ended = verify(run, (path, body) => (path === 'journal' ? body.subarray(0, body.length / 2) : body));
  await expect(ended).rejects.toMatchObject({ code: 'relay.cut-off' });
  const endless = verify(run, (path, body) => (path === 'journal' ? Buffer.alloc(3 << 20, 0x61) : body));
  await expect(endless).rejects.toMatchObject({ code: 'relay.unreachable' });
});

test('payloads are asked for at the same time, but not too many', async () => {
  const run = await writtenRun();
  let [now, most] = [0, 0];
  const fetch = async (url: URL) => {
    const path = url.pathname.slice(relay.pathname.length);
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 5));
    now--;
    return new Response(await bodyOf(run, path), { status: path === 'checkpoint' ? 404 : 200 });
  };
  expect(await reportOf(relaySource(relay, { fetch }))).toMatchObject({ rounds: 2, problems: [] });
  // Eight payloads; the journal is still open.
  expect(most).toBeGreaterThan(3);
  expect(most).toBeLessThan(16);
});

test('a relay that is at a limit is asked again when it says, but not without end', async () => {
  const run = await writtenRun();
  let slept = 0;
  const clock = {
    now: () => performance.now(),
    // The time limit of a request does not run out here.
    sleep: (milliseconds: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        if (milliseconds === 20_000) return void signal?.addEventListener('abort', () => resolve());
        slept += milliseconds;
        resolve();
      }),
  };
  const refused = new Map<string, number>();
  const fetch = (times: number) => async (url: URL) => {
    const path = url.pathname.slice(relay.pathname.length);
    const before = refused.get(path) ?? 0;
    refused.set(path, before + 1);
    if (path.startsWith('blobs/') && before < times)
      return new Response('', { status: 429, headers: { 'retry-after': '3' } });
    return new Response(await bodyOf(run, path), { status: path === 'checkpoint' ? 404 : 200 });
  };
  const report = await reportOf(relaySource(relay, { fetch: fetch(2), clock }));
  expect(report).toMatchObject({ rounds: 2, problems: [] });
  expect(slept).toBeGreaterThanOrEqual(2 * 9 * 3_000);
  const never = reportOf(relaySource(relay, { fetch: fetch(Number.POSITIVE_INFINITY), clock }));
  await expect(never).rejects.toMatchObject({ code: 'relay.fault' });
});

test('a blob larger than the caller allows is not read', async () => {
  const run = await writtenRun();
  const asked: string[] = [];
  const fetch = async (url: URL) => {
    const path = url.pathname.slice(relay.pathname.length);
    asked.push(path);
    return new Response(await bodyOf(run, path), { status: path === 'checkpoint' ? 404 : 200 });
  };
  const refused = reportOf(relaySource(relay, { fetch, mostBlobBytes: 399 }));
  await expect(refused).rejects.toMatchObject({ code: 'relay.blob-too-large' });
  expect(asked.filter((path) => path.startsWith('blobs/'))).toEqual([]);
});

test('an address without a relay is not reported as damage', async () => {
  const nowhere = relaySource(new URL('http://127.0.0.1:1/'));
  await expect(reportOf(nowhere)).rejects.toMatchObject({ code: 'relay.unreachable' });
});
