import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderSource } from '../../relay/verify/folder-source.ts';
import { runPython } from '../support/python.ts';
import { places, rechained, replaceEntries, reportOf, rowsOf } from '../support/relay/written-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { playMeasuredRun } from './play-measured-run.ts';

interface Commit {
  readonly round: number;
  readonly scores: { sequence: number; before: string; after: string }[];
  readonly weighed: { sequence: number; tokens: number; reason: string }[];
}

interface Evaluated {
  readonly after: string;
  readonly before: string[];
  signature: string;
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
  for (const [change, place] of forgeries)
    await bothFind<Commit>(
      folder,
      (kind, body) => {
        if (kind === 'round-committed' && body.round === 5) change(body);
      },
      place,
    );
});

test('a run with evaluators: both verifiers check their signatures, and that the weights follow from their medians', async () => {
  const folder = temporaryFolder();
  const { base, rounds } = await playMeasuredRun(folder, 'evaluators');
  const rows = rowsOf(join(folder, 'journal.sqlite'));
  // In the second round too few came.
  expect(rows.filter(({ kind }) => kind === 'evaluation-accepted')).toHaveLength(3 * (rounds - 1));
  const commits = rows
    .filter(({ kind }) => kind === 'round-committed')
    .map(({ body }): Commit => JSON.parse(body));
  const reasons = commits.flatMap(({ weighed }) => weighed.map(({ reason }) => reason));
  expect(reasons).toContain('worse');
  expect(await reportOf(folderSource(folder))).toMatchObject({ rounds, base, problems: [] });
  const { status, stdout, stderr } = await python(folder);
  expect([status, stderr, JSON.parse(stdout)]).toMatchObject([0, '', { rounds, base, problems: [] }]);

  const inRound5 = (kind: string, body: { round: number }) =>
    kind === 'evaluation-accepted' && body.round === 5;
  const forgeries: [(kind: string, body: Evaluated & Commit & { round: number }) => unknown, RegExp][] = [
    [(kind, body) => inRound5(kind, body) && body.before.splice(0, 1, '999'), /body\.signature$/],
    [(kind, body) => inRound5(kind, body) && body.before.pop(), /body\.before$/],
    [(kind, body) => inRound5(kind, body) && Object.assign(body, { key: '0'.repeat(64) }), /body\.key$/],
    // An evaluation of another round, signed by its evaluator.
    [(kind, body) => inRound5(kind, body) && Object.assign(body, { round: 4 }), /body\.round$/],
    // The relay's own scores, although evaluators decide.
    [
      (kind, { round, scores }) =>
        kind === 'round-committed' && round === 5 && Object.assign(scores[0] ?? {}, { before: '999' }),
      /body\.scores$/,
    ],
  ];
  for (const [change, place] of forgeries) await bothFind(folder, change, place);
});

/** Both verifiers find a change of the entries of a copy of the run, at this place first. */
async function bothFind<Body>(folder: string, change: (kind: string, body: Body) => unknown, place: RegExp) {
  const forged = temporaryFolder();
  cpSync(folder, forged, { recursive: true });
  const path = join(forged, 'journal.sqlite');
  const rows = rowsOf(path).map((row) => {
    const body = JSON.parse(row.body);
    change(row.kind, body);
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
