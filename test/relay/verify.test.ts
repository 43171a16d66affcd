import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { create } from '@bufbuild/protobuf';
import { expect, onTestFinished, test } from 'vitest';
import { Random } from '../../client/random.ts';
import { canonicalJson, hashOf, noPrevious, type StoredEntry } from '../../relay/entries.ts';
import { Journal, pageSize } from '../../relay/journal.ts';
import { Run } from '../../relay/run.ts';
import { type Problem, type VerifyReport, type VerifySource, verifyRun } from '../../relay/verify.ts';
import { folderSource } from '../../relay/verify-folder.ts';
import { relaySource } from '../../relay/verify-relay.ts';
import { ChunkSchema, RefusalCode } from '../../relay/wire/tapestry_pb.js';
import { contribute, drawnPayload, offerFor, settled, TestClock, testNodes, tinyRun } from './run-support.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Two committed rounds, an abandoned attempt, and a third round left open with an upload under way. */
async function writeRun(folder: string): Promise<Run> {
  const clock = new TestClock();
  const nodes = await testNodes(3);
  const run = await Run.open(folder, tinyRun(), clock.now);
  for (const [i, node] of nodes.entries()) run.nodeJoined(node.key, 'node', i === 0 ? null : i - 1);
  await settled(run);
  for (let round = 1; round <= 2; round++) {
    for (const [i, node] of nodes.entries()) {
      expect(await contribute(run, node, drawnPayload(100, round * 10 + i))).toMatchObject({ round });
      clock.time += 10;
    }
    await settled(run);
  }
  const [first, second] = nodes;
  if (first === undefined || second === undefined) throw new Error('no nodes');
  await contribute(run, first, drawnPayload(100, 50));
  clock.time += 60_000;
  run.refused(RefusalCode.TOO_LATE);
  await settled(run);
  await contribute(run, first, drawnPayload(100, 51));
  const payload = drawnPayload(100, 52);
  await run.offer(second.key, await offerFor(run, second, payload));
  for (const offset of [0, 40]) {
    await run.chunk(second.key, create(ChunkSchema, { offset, data: payload.subarray(offset, offset + 40) }));
  }
  return run;
}

async function verify(folder: string): Promise<VerifyReport> {
  return reportOf(await folderSource(folder));
}

async function reportOf(source: VerifySource): Promise<VerifyReport> {
  const checks = verifyRun(source);
  for (;;) {
    const { done, value } = await checks.next();
    if (done) return value;
  }
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length + 1))
    .sort();
}

/** The report after the byte at `at` of `file` was changed by `mask`; the byte is put back. */
async function withFlip(folder: string, file: string, at: number, mask: number): Promise<VerifyReport> {
  const bytes = readFileSync(`${folder}/${file}`);
  const flipped = Buffer.from(bytes);
  flipped[at] = (flipped[at] ?? 0) ^ mask;
  writeFileSync(`${folder}/${file}`, flipped);
  try {
    return await verify(folder);
  } finally {
    writeFileSync(`${folder}/${file}`, bytes);
  }
}

test('an untouched run verifies, and its folder stays as it is', async () => {
  const folder = temporaryFolder();
  const run = await writeRun(folder);
  const { base } = run.current();
  const running = temporaryFolder();
  cpSync(folder, running, { recursive: true });
  await run.close();
  for (const place of [folder, running]) {
    const before = filesOf(place).map((file) => [file, readFileSync(`${place}/${file}`).toString('hex')]);
    const report = await verify(place);
    expect(report.problems).toEqual([]);
    expect(report).toMatchObject({ run: run.id, rounds: 2, contributions: 8, base });
    expect(filesOf(place).map((file) => [file, readFileSync(`${place}/${file}`).toString('hex')])).toEqual(
      before,
    );
  }
});

test('a byte changed anywhere in any file is named', async () => {
  const folder = temporaryFolder();
  const run = await writeRun(folder);
  const crashed = temporaryFolder();
  cpSync(folder, crashed, { recursive: true });
  await run.close();
  const random = Random.seeded(11);
  const missed: string[] = [];
  let tried = 0;
  const flip = async (place: string, file: string, at: number) => {
    const mask = 1 + random.below(255);
    const { problems } = await withFlip(place, file, at, mask);
    const named = file.startsWith('journal') ? 'journal' : file;
    if (!problems.some((problem) => problem.place.startsWith(named))) missed.push(`${file} ${at} ^${mask}`);
    tried++;
  };
  // With a log beside it, journal.sqlite holds pages that the log replaces, so each is tried without the other.
  const files = [
    ...filesOf(folder).map((file) => [folder, file] as const),
    [crashed, 'journal.sqlite-wal'] as const,
  ];
  for (const [place, file] of files) {
    const { size } = statSync(`${place}/${file}`);
    const flips = file.startsWith('journal') ? 100 : 6;
    for (let i = 0; i < flips && size > 0; i++) await flip(place, file, random.below(size));
  }
  // The header of the database and of each page, byte by byte.
  for (let at = 0; at < 108; at++) await flip(folder, 'journal.sqlite', at);
  for (let page = pageSize; page < statSync(`${folder}/journal.sqlite`).size; page += pageSize) {
    for (let at = page; at < page + 16; at++) await flip(folder, 'journal.sqlite', at);
  }
  expect(missed).toEqual([]);
  expect(tried).toBeGreaterThan(350);
});

test('a byte changed in any column of any row is named with its entry', async () => {
  const folder = temporaryFolder();
  await (await writeRun(folder)).close();
  const journal = readFileSync(`${folder}/journal.sqlite`);
  const { entries } = await verify(folder);
  const random = Random.seeded(5);
  const rows = rowsOf(`${folder}/journal.sqlite`);
  expect(rows).toHaveLength(entries);
  for (const row of rows) {
    for (const column of ['kind', 'body', 'previous', 'hash'] as const) {
      const text = Buffer.from(row[column]);
      // The row as it lies in the file: the text of its columns, one after another, behind the 6 bytes of its time.
      const stored = journal.indexOf(`${row.kind}${row.body}${row.previous}${row.hash}`);
      const offset = { kind: 0, body: 1, previous: 2, hash: 3 }[column];
      const before = [row.kind, row.body, row.previous].slice(0, offset).join('').length;
      const { problems } = await withFlip(
        folder,
        'journal.sqlite',
        stored + before + random.below(text.length),
        1 + random.below(255),
      );
      expect(places(problems), column).toContainEqual(
        expect.stringContaining(`journal entry ${row.sequence},`),
      );
      if (column !== 'kind') continue;
      const time = await withFlip(
        folder,
        'journal.sqlite',
        stored - 1 - random.below(6),
        1 + random.below(255),
      );
      expect(places(time.problems)).toContainEqual(expect.stringContaining(`journal entry ${row.sequence},`));
    }
  }
});

test('what a blob’s change hides is said: the blob, and how many rounds still derive', async () => {
  const folder = temporaryFolder();
  await (await writeRun(folder)).close();
  const second = rowsOf(`${folder}/journal.sqlite`).find(
    ({ kind, body }) => kind.startsWith('contrib') && /"round":2/.test(body),
  );
  const { payload } = JSON.parse(second?.body ?? '');
  const file = `blobs/${payload.slice(0, 2)}/${payload}`;
  const report = await withFlip(folder, file, 3, 0x40);
  expect(places(report.problems)).toEqual([file]);
  expect(report.rounds).toBe(1);
  rmSync(`${folder}/${file}`);
  expect((await verify(folder)).problems).toEqual([{ place: file, problem: 'is missing' }]);
});

test('a journal rewritten with a sound chain still has to make sense', async () => {
  const folder = temporaryFolder();
  await (await writeRun(folder)).close();
  const rows = rowsOf(`${folder}/journal.sqlite`);
  const source = await folderSource(folder);
  /** The journal with one entry's body changed and every hash after it made anew. */
  const forged = (kind: string, change: (body: Record<string, unknown>) => void): VerifySource => {
    const chained: StoredEntry[] = [];
    const victim = rows.findLast((row) => row.kind === kind);
    for (const row of rows) {
      const body = JSON.parse(row.body);
      if (row === victim) change(body);
      const previous = chained.at(-1)?.hash ?? noPrevious;
      const entry = { ...row, body: canonicalJson(body), previous };
      chained.push({ ...entry, hash: hashOf(entry) });
    }
    return { ...source, journal: () => chained, async *rest() {} };
  };
  const placesOf = async (kind: string, change: (body: Record<string, unknown>) => void) =>
    places((await reportOf(forged(kind, change))).problems).map((place) =>
      place.replace(/^journal entry \d+, /, ''),
    );
  expect(await placesOf('node-left', () => {})).toEqual([]);
  const zero = '0'.repeat(64);
  const cases: readonly [string, string, unknown][] = [
    ['contribution-accepted', 'tokens', 321],
    ['contribution-accepted', 'trainingLoss', 2],
    ['contribution-accepted', 'steps', 9],
    ['contribution-accepted', 'key', zero],
    ['contribution-accepted', 'base', zero],
    ['contribution-accepted', 'payloadBytes', 1],
    ['contribution-accepted', 'signature', zero + zero],
    ['round-committed', 'base', zero],
    ['round-committed', 'momentum', zero],
    ['round-committed', 'tokens', 1],
    ['round-committed', 'contributions', [1]],
    ['round-committed', 'round', 1],
    ['round-opened', 'attempt', 7],
    ['round-abandoned', 'contributions', 0],
    ['run-created', 'signature', zero + zero],
    ['run-created', 'manifest', '00'],
  ];
  for (const [kind, field, value] of cases) {
    const named = await placesOf(kind, (body) => {
      body[field] = value;
    });
    const expected =
      ['tokens', 'trainingLoss', 'steps', 'key'].includes(field) && kind.startsWith('contr')
        ? 'signature'
        : field;
    expect(named, `${kind} ${field}`).toContain(`body.${expected}`);
  }
});

test('a relay’s answers verify like its folder, and a change in them is named', async () => {
  const folder = temporaryFolder();
  const run = await writeRun(folder);
  let broken = false;
  let change: (path: string, body: Buffer) => Buffer = (_, body) => body;
  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    let body: Buffer | null = null;
    if (path === '/journal') {
      const lines: string[] = [];
      for await (const line of run.journalAfter(0)) lines.push(`${line}\n`);
      body = Buffer.from(lines.join(''));
    } else {
      const file = await run.blob(path.slice('/blobs/'.length));
      body = file === null ? null : readFileSync(file);
    }
    response.writeHead(body === null ? 404 : 200);
    if (broken) response.write(body?.subarray(0, 100), () => response.destroy());
    else response.end(body === null ? '' : change(path, body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.close();
    await run.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const relay = new URL(`http://127.0.0.1:${address.port}`);
  expect(await reportOf(relaySource(relay))).toMatchObject({
    rounds: 2,
    problems: [],
    base: run.current().base,
  });

  const random = Random.seeded(8);
  const paths: string[] = [];
  change = (path, body) => {
    paths.push(path);
    return body;
  };
  await reportOf(relaySource(relay));
  for (const path of [...new Set(paths), ...Array.from({ length: 60 }, () => '/journal')]) {
    change = (asked, body) => {
      if (asked !== path) return body;
      const changed = Buffer.from(body);
      const at = random.below(body.length);
      changed[at] = (changed[at] ?? 0) ^ (1 + random.below(255));
      return changed;
    };
    const { problems } = await reportOf(relaySource(relay));
    const place = path.startsWith('/blobs/') ? `blobs/${path.slice(7, 9)}/${path.slice(7)}` : 'journal';
    expect(places(problems), path).toContainEqual(expect.stringContaining(place));
  }
  broken = true;
  await expect(reportOf(relaySource(relay))).rejects.toMatchObject({ code: 'relay.unreachable' });
  broken = false;
  // Endless lines are cut off.
  change = (path, body) => (path === '/journal' ? Buffer.alloc(3 << 20, 0x61) : body);
  await expect(reportOf(relaySource(relay))).rejects.toMatchObject({ code: 'relay.unreachable' });
});

test('an address without a relay, and a folder without a run, are told apart from damage', async () => {
  await expect(reportOf(relaySource(new URL('http://127.0.0.1:1')))).rejects.toMatchObject({
    code: 'relay.unreachable',
  });
  await expect(folderSource(temporaryFolder())).rejects.toMatchObject({ code: 'run.missing' });
});

function places(problems: readonly Problem[]): string[] {
  return problems.map(({ place }) => place);
}

function rowsOf(path: string): StoredEntry[] {
  const copy = `${temporaryFolder()}/journal.sqlite`;
  cpSync(path, copy);
  const journal = new Journal(copy);
  const rows = [...journal.stored()];
  journal.close();
  return rows;
}
