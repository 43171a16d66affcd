import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Random } from '../../../client/random.ts';
import { entryHash, noPrevious, type StoredEntry } from '../../../relay/journal/entry.ts';
import { hashOfBytes } from '../../../relay/storage/sha256.ts';
import { folderSource } from '../../../relay/verify/folder-source.ts';
import type { VerifySource } from '../../../relay/verify/source.ts';
import type { VerifyReport } from '../../../relay/verify/verify.ts';
import { places, reportOf, rewrite, rowsOf, writeRun } from '../../support/relay/written-run.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function verify(folder: string): Promise<VerifyReport> {
  return reportOf(folderSource(folder));
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length + 1))
    .sort();
}

/** Every file's hash; journal.sqlite-shm is left out, which is SQLite's index of the log and of no content. */
function contentsOf(folder: string): [string, string][] {
  return filesOf(folder)
    .filter((file) => !file.endsWith('-shm'))
    .map((file) => [file, hashOfBytes(readFileSync(`${folder}/${file}`))]);
}

/** The report with the byte at `at` of `file` changed by `mask`; the byte is restored afterwards. */
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

test('an untouched run verifies, and its folder is not changed', async () => {
  const folder = temporaryFolder();
  const run = await writeRun(folder);
  const { base } = run.current();
  const running = temporaryFolder();
  cpSync(folder, running, { recursive: true });
  await run.close();
  for (const place of [folder, running]) {
    const before = contentsOf(place);
    const report = await verify(place);
    expect(report.problems).toEqual([]);
    expect(report).toMatchObject({ run: run.id, rounds: 2, contributions: 8, base });
    expect(contentsOf(place)).toEqual(before);
  }
});

test('a changed byte of any file that the journal names is named', async () => {
  const folder = temporaryFolder();
  await (await writeRun(folder)).close();
  const random = Random.seeded(11);
  const missed: string[] = [];
  // The reports repeat what the journal says, so nothing is derived from them.
  const others = ['relay.lock', 'metrics.jsonl', 'summary.json'];
  const files = filesOf(folder).filter((file) => !file.startsWith('journal') && !others.includes(file));
  expect(files.length).toBeGreaterThan(12);
  for (const file of files) {
    const { size } = statSync(`${folder}/${file}`);
    for (let i = 0; i < 2 && size > 0; i++) {
      const [at, mask] = [random.below(size), 1 + random.below(255)];
      const { problems } = await withFlip(folder, file, at, mask);
      if (!problems.some(({ place }) => place.startsWith(file))) missed.push(`${file} ${at} ^${mask}`);
    }
  }
  expect(missed).toEqual([]);
});

test('a changed byte in any column of any row is named with its entry', async () => {
  const folder = temporaryFolder();
  await (await writeRun(folder)).close();
  const path = `${folder}/journal.sqlite`;
  const rows = rowsOf(path);
  const whole = readFileSync(path);
  const random = Random.seeded(5);
  const kinds = new Set<string>();
  for (const row of rows) {
    const columns = ['body', 'time', 'kind', 'previous', 'hash'] as const;
    for (const column of kinds.has(row.kind) ? columns.slice(0, 1) : columns) {
      const bytes = Buffer.from(String(row[column]));
      const at = random.below(bytes.length);
      // The change keeps a digit a digit, because the column of times takes only integers.
      bytes[at] = column === 'time' ? 48 + (((bytes[at] ?? 0) - 47) % 10) : (bytes[at] ?? 0) ^ 1;
      rewrite(path, `update entries set ${column} = ? where sequence = ${row.sequence}`, bytes.toString());
      const { problems } = await verify(folder);
      expect(places(problems), column).toContainEqual(
        expect.stringContaining(`journal entry ${row.sequence},`),
      );
      writeFileSync(path, whole);
    }
    if (kinds.has(row.kind)) continue;
    kinds.add(row.kind);
    rewrite(path, `delete from entries where sequence = ${row.sequence}`);
    const named = places((await verify(folder)).problems);
    // Without evidence only a missing last entry is not noticed; a kept checkpoint or receipt shows it.
    if (row !== rows.at(-1)) expect(named).toContain(`journal entry ${row.sequence}, sequence`);
    writeFileSync(path, whole);
  }
});

test('a journal with any damaged page is named', async () => {
  const folder = temporaryFolder();
  await (await writeRun(folder)).close();
  const path = `${folder}/journal.sqlite`;
  const whole = readFileSync(path);
  const random = Random.seeded(12);
  for (const entry of rowsOf(path)) {
    const stored = whole.indexOf(`${entry.kind}${entry.body}${entry.previous}${entry.hash}`);
    // The row's header before its text, and the text.
    const at = stored - 8 + random.below(8 + entry.body.length);
    const { problems } = await withFlip(folder, 'journal.sqlite', at, 1 + random.below(255));
    expect(places(problems).join(), `${entry.sequence} ${at - stored}`).toContain('journal');
  }
  for (let at = 0; at < whole.length; at += 512) {
    if (whole.subarray(at, at + 512).every((byte) => byte === 0)) continue;
    writeFileSync(path, Buffer.from(whole).fill(random.below(256), at, at + 512));
    const { problems } = await verify(folder);
    expect(places(problems).join(), `${at}`).toContain('journal');
  }
});

test('the report names a changed blob and how many rounds still derive', async () => {
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
  expect((await verify(folder)).problems).toEqual([
    { code: 'blob.missing', place: file, problem: 'is missing' },
  ]);
});

test('a journal rewritten with a valid chain is refused if its entries contradict each other', async () => {
  const folder = temporaryFolder();
  await (await writeRun(folder)).close();
  const rows = rowsOf(`${folder}/journal.sqlite`);
  const source = folderSource(folder);
  /** The journal with one entry's body changed and every later hash recomputed. */
  const forged = (kind: string, change: (body: Record<string, unknown>) => void): VerifySource => {
    const chained: StoredEntry[] = [];
    const victim = rows.findLast((row) => row.kind === kind);
    for (const row of rows) {
      const body = JSON.parse(row.body);
      if (row === victim) change(body);
      const previous = chained.at(-1)?.hash ?? noPrevious;
      const entry = { ...row, body: JSON.stringify(body), previous };
      chained.push({ ...entry, hash: entryHash(entry) });
    }
    return { ...source, journal: () => chained, async *rest() {} };
  };
  const placesOf = async (kind: string, change: (body: Record<string, unknown>) => void) =>
    places((await reportOf(forged(kind, change))).problems).map((place) =>
      place.replace(/^journal entry \d+, /, ''),
    );
  expect(await placesOf('refused', () => {})).toEqual([]);
  const zero = '0'.repeat(64);
  const cases: readonly [string, string, unknown][] = [
    ['contribution-accepted', 'tokens', 321],
    ['contribution-accepted', 'trainingLoss', '2'],
    ['contribution-accepted', 'corpus', 9],
    ['contribution-accepted', 'payload', zero],
    ['contribution-accepted', 'steps', 9],
    ['contribution-accepted', 'key', zero],
    ['contribution-accepted', 'base', zero],
    ['contribution-accepted', 'payloadBytes', 1],
    ['contribution-accepted', 'signature', zero + zero],
    ['round-committed', 'tokens', 1],
    ['round-committed', 'norm', 1],
    ['round-closed', 'contributions', 2],
    ['round-closed', 'last', 2],
    ['round-closed', 'attempt', 2],
    ['round-committed', 'last', 2],
    ['round-committed', 'contributions', 2],
    ['round-committed', 'round', 1],
    ['round-opened', 'attempt', 7],
    ['round-abandoned', 'contributions', 0],
    ['run-created', 'signature', zero + zero],
    ['run-created', 'manifest', '00'],
  ];
  for (const i of [0, 1]) {
    const named = await placesOf('round-committed', ({ state }) => {
      if (Array.isArray(state)) state[i] = zero;
    });
    expect(named).toEqual([`body.state.${i}`]);
  }
  const longer = await placesOf('round-committed', ({ state }) => {
    if (Array.isArray(state)) state.push(zero);
  });
  expect(longer).toEqual(['body.state']);
  for (const [kind, field, value] of cases) {
    const named = await placesOf(kind, (body) => {
      body[field] = value;
    });
    const expected =
      ['trainingLoss', 'key', 'payload'].includes(field) && kind.startsWith('contr')
        ? 'signature'
        : field === 'steps'
          ? 'tokens'
          : field;
    expect(named, `${kind} ${field}`).toContain(`body.${expected}`);
  }
});

test('a folder without a run is not reported as damage', () => {
  expect(() => folderSource(temporaryFolder())).toThrow(expect.objectContaining({ code: 'run.missing' }));
});
