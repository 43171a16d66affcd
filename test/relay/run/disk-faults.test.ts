import { existsSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { disk } from '../../../relay/run/open-run.ts';
import { Run } from '../../../relay/run/run.ts';
import { type FileSystem, nodeFiles } from '../../../relay/storage/files.ts';
import { hashOfBytes } from '../../../relay/storage/sha256.ts';
import { folderSource } from '../../../relay/verify/folder-source.ts';
import { blobPlace } from '../../../relay/verify/source.ts';
import { journalOf } from '../../support/relay/journal-of.ts';
import {
  contribute,
  drawnPayload,
  settled,
  TestClock,
  testNodes,
  tinyRun,
} from '../../support/relay/run-support.ts';
import { reportOf } from '../../support/relay/written-run.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const clock = new TestClock();
const [a, b] = await testNodes(2);
if (a === undefined || b === undefined) throw new Error('no nodes');

type Step = 'append' | 'write' | 'syncFile' | 'rename' | 'syncFolder';

/** A real disk, on which one step fails while `failing` names it. The step is done all the same with `late`. */
class FailingDisk {
  failing: Step | null = null;
  readonly files: FileSystem;

  constructor(code: string, late: boolean) {
    const attempt = async (step: Step, work: () => Promise<void>) => {
      if (this.failing !== step || late) await work();
      if (this.failing === step) throw Object.assign(new Error(`${code}: ${step}`), { code });
    };
    this.files = {
      ...nodeFiles,
      openEnd: async (path) => {
        const end = await nodeFiles.openEnd(path);
        return { ...end, append: (...parts) => attempt('append', () => end.append(...parts)) };
      },
      write: (path, bytes, options) => attempt('write', () => nodeFiles.write(path, bytes, options)),
      syncFile: (path) => attempt('syncFile', () => nodeFiles.syncFile(path)),
      rename: (from, to) => attempt('rename', () => nodeFiles.rename(from, to)),
      syncFolder: (path) => attempt('syncFolder', () => nodeFiles.syncFolder(path)),
    };
  }
}

const steps: readonly Step[] = ['append', 'write', 'syncFile', 'rename', 'syncFolder'];
const faults = steps.flatMap((step) =>
  [false, true].flatMap((late) => ['EIO', 'ENOSPC'].map((code) => ({ code, step, late }))),
);

test.each(faults)(
  '$code at $step (done all the same: $late) acknowledges nothing, and loses nothing acknowledged',
  async ({ code, step, late }) => {
    const folder = temporaryFolder();
    const failing = new FailingDisk(code, late);
    const run = await Run.open(folder, tinyRun({ target: 2 }), clock, { ...disk, files: failing.files });
    onTestFinished(() => run.close());
    for (const { key } of [a, b]) run.nodeJoined(key, 0);
    await settled(run);

    // A contribution that fails is refused, and its second attempt is accepted.
    const [first, second] = [drawnPayload(100, 1), drawnPayload(100, 2)];
    const refused = () => contribute(run, a, first).catch(() => 'STORAGE');
    failing.failing = step;
    expect(await refused()).toBe('STORAGE');
    expect(journalOf(folder).filter(({ kind }) => kind === 'contribution-accepted')).toEqual([]);
    failing.failing = null;
    expect(await contribute(run, a, first)).toMatchObject({ round: 1 });

    // A later failure takes nothing of it away, and what it left is in nobody's way after a restart.
    failing.failing = step;
    expect(await contribute(run, b, second).catch(() => 'STORAGE')).toBe('STORAGE');
    await run.close();
    failing.failing = null;
    const again = await Run.open(folder, undefined, clock, { ...disk, files: failing.files });
    onTestFinished(() => again.close());
    expect(again.current()).toMatchObject({ round: 1, contributions: 1 });
    for (const { key } of [a, b]) again.nodeJoined(key, 0);
    await settled(again);
    expect(await contribute(again, b, second)).toMatchObject({ round: 1 });
    await settled(again);
    expect(again.current().round).toBe(2);
    const accepted = journalOf(folder).flatMap((entry) =>
      entry.kind === 'contribution-accepted' ? [`${entry.body.key} ${entry.body.payload}`] : [],
    );
    expect(accepted).toEqual([`${a.key} ${hashOfBytes(first)}`, `${b.key} ${hashOfBytes(second)}`]);
    for (const payload of [first, second])
      expect(existsSync(`${folder}/${blobPlace(hashOfBytes(payload))}`)).toBe(true);
    await again.close();
    expect(await reportOf(await folderSource(folder))).toMatchObject({ problems: [], rounds: 1 });
  },
);
