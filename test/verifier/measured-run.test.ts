import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderSource } from '../../relay/verify/folder-source.ts';
import { runPython } from '../support/python.ts';
import { places, rechained, replaceEntries, reportOf, rowsOf } from '../support/relay/written-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { playMeasuredRun } from './play-measured-run.ts';

interface Commit {
  readonly scores: { sequence: number; before: string; after: string }[];
  readonly weighed: { sequence: number; tokens: number; reason: string }[];
}

const python = (folder: string) => runPython(join(import.meta.dirname, 'verify.py'), folder);

test('a run that measures its contributions: both verifiers derive the same weights, and find changed ones', async () => {
  const folder = temporaryFolder();
  const { base, rounds } = await playMeasuredRun(folder);
  const commits = rowsOf(join(folder, 'journal.sqlite'))
    .filter(({ kind }) => kind === 'round-committed')
    .map(({ body }): Commit => JSON.parse(body));
  const reasons = commits.flatMap(({ weighed }) => weighed.map(({ reason }) => reason));
  expect(new Set(reasons)).toEqual(new Set(['too-fast', 'short', 'copy', 'worse', 'distrusted', 'unproven']));
  expect(await reportOf(folderSource(folder))).toMatchObject({ rounds, base, problems: [] });
  const { status, stdout, stderr } = await python(folder);
  expect([status, stderr, JSON.parse(stdout)]).toMatchObject([0, '', { rounds, base, problems: [] }]);

  const forgeries: [(commit: Commit) => unknown, RegExp][] = [
    [({ weighed }) => weighed.splice(0, 1), /body\.weighed$/],
    [({ scores }) => scores.splice(0, 1), /body\.scores$/],
    // Then the contribution that this one scores counts, or counts no longer.
    [
      ({ scores }) =>
        Object.assign(scores.find(({ before, after }) => Number(before) < Number(after)) ?? {}, {
          before: '999',
        }),
      /body\.weighed$/,
    ],
  ];
  for (const [change, place] of forgeries) {
    const forged = temporaryFolder();
    cpSync(folder, forged, { recursive: true });
    const path = join(forged, 'journal.sqlite');
    const rows = rowsOf(path).map((row) => {
      if (row.kind !== 'round-committed' || !row.body.includes('"round":5,')) return row;
      const body = JSON.parse(row.body);
      change(body);
      return { ...row, body: JSON.stringify(body) };
    });
    replaceEntries(path, rechained(rows));
    expect(places((await reportOf(folderSource(forged))).problems)[0]).toMatch(place);
    const found = await python(forged);
    expect([found.status, JSON.parse(found.stdout).problems[0].place]).toEqual([
      5,
      expect.stringMatching(place),
    ]);
  }
});
