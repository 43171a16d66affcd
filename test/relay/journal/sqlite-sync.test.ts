import { expect, onTestFinished, test } from 'vitest';
import type { Draft } from '../../../relay/journal/entry.ts';
import { noHead } from '../../../relay/journal/journal-end.ts';
import { SqliteLog } from '../../../relay/journal/sqlite-log.ts';
import { createdEntry } from '../../support/relay/journal/created-entry.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const created = createdEntry();
const refused: Draft = { kind: 'refused', body: { round: 1, counts: { MALFORMED: 1 } } };

test('an append returns, and can be read, once its sync is over; one whose sync fails is reported', async () => {
  const syncs: PromiseWithResolvers<void>[] = [];
  const sync = () => {
    const one = Promise.withResolvers<void>();
    syncs.push(one);
    return one.promise;
  };
  const log = new SqliteLog(temporaryFolder(), () => 1000, sync);
  onTestFinished(() => log.close());
  const lease = await log.lead('this process');
  if (lease === null) throw new Error('no lease');
  const read = async () => {
    const entries: { readonly sequence: number; readonly hash: string }[] = [];
    for await (const entry of log.read(0)) entries.push(entry);
    return entries;
  };
  const first = log.append(lease, noHead, [created]);
  let isOver = false;
  void first.then(() => {
    isOver = true;
  });
  await expect.poll(() => syncs.length).toBe(1);
  expect([isOver, await read()]).toEqual([false, []]);
  syncs[0]?.resolve();
  await first;
  const [head = noHead] = await read();
  expect(head.sequence).toBe(1);

  const failed = log.append(lease, head, [refused]);
  await expect.poll(() => syncs.length).toBe(2);
  expect(await read()).toHaveLength(1);
  syncs[1]?.reject(new Error('the disk is gone'));
  await expect(failed).rejects.toMatchObject({ code: 'disk.failed' });
  // The entry may be there or not, as after a failed commit: the caller reads what is there and goes on from it.
  const last = (await read()).at(-1) ?? noHead;
  const next = log.append(lease, last, [refused]);
  await expect.poll(() => syncs.length).toBe(3);
  syncs[2]?.resolve();
  expect(await next).toMatchObject({ entries: [{ sequence: last.sequence + 1 }] });
});
