import { expect, test } from 'vitest';
import { Random } from '../../../../client/random.ts';
import { Run } from '../../../../relay/run/run.ts';
import { keyFile } from '../../../../relay/storage/relay-key.ts';
import { hashOfBytes } from '../../../../relay/storage/sha256.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';
import { FaultyFiles } from '../../../simulation/faulty-files.ts';
import { MemoryBlobs } from '../../../support/relay/memory-blobs.ts';
import { MemoryJournal, MemoryLog } from '../../../support/relay/memory-log.ts';
import { a, b, clock } from '../../../support/relay/open-round.ts';
import { contribute, drawnPayload, settled, tinyRun } from '../../../support/relay/run-support.ts';

const [first, second] = [drawnPayload(100, 1), drawnPayload(100, 2)];

/** Blobs in which the second payload waits when it is first stored, and no payload can be read before `readable`. */
class SlowBlobs extends MemoryBlobs {
  readonly isStoring = Promise.withResolvers<void>();
  readonly storable = Promise.withResolvers<void>();
  readonly readable = Promise.withResolvers<void>();
  /** Called in the turn of the event loop in which the first payload's contribution waits for others. */
  firstStored = () => {};
  #hasWaited = false;

  override async put(bytes: Uint8Array): Promise<Hash> {
    const hash = await super.put(bytes);
    if (hash === hashOfBytes(first)) setImmediate(() => this.firstStored());
    if (hash === hashOfBytes(second) && !this.#hasWaited) {
      this.#hasWaited = true;
      this.isStoring.resolve();
      await this.storable.promise;
    }
    return hash;
  }

  override async get(hash: Hash): Promise<Uint8Array<ArrayBuffer> | null> {
    if (hash === hashOfBytes(first)) await this.readable.promise;
    return super.get(hash);
  }
}

test('contributions that share an append get their receipts before the commit that they cause', async () => {
  const journal = new MemoryJournal(clock);
  const blobs = new SlowBlobs(clock.now);
  const environment = {
    files: new FaultyFiles(Random.seeded(1), clock.now),
    openLog: () => new MemoryLog(journal),
    openBlobs: () => blobs,
  };
  const run = await Run.open('/run', tinyRun(), clock, environment);
  for (const { key } of [a, b]) run.nodeJoined(key, null);
  await settled(run);
  blobs.firstStored = () => {
    // The round's end is looked for between the two contributions, of which the second joins the first one's append.
    void run.tick();
    blobs.storable.resolve();
  };
  const other = contribute(run, b, second);
  await blobs.isStoring.promise;
  const receipts = await Promise.all([contribute(run, a, first), other]);
  expect(receipts).toMatchObject([{ round: 1 }, { round: 1 }]);
  expect(run.history()).toEqual([]);
  blobs.readable.resolve();
  await settled(run);
  expect(run.history()).toMatchObject([{ round: 1, contributions: 2 }]);
  await run.close();
});

test('an upload that another process accepted while it was stored is answered with its receipt', async () => {
  const journal = new MemoryJournal(clock);
  const blobs = new SlowBlobs(clock.now);
  blobs.readable.resolve();
  const files = new FaultyFiles(Random.seeded(1), clock.now);
  const open = (folder: string) =>
    Run.open(folder, tinyRun(), clock, {
      files,
      openLog: () => new MemoryLog(journal),
      openBlobs: () => blobs,
    });
  const leader = await open('/run');
  // Another process of the relay has a folder of its own, with the same key.
  await files.makeFolder('/other');
  await files.write(`/other/${keyFile}`, (await files.read(`/run/${keyFile}`)) ?? new Uint8Array());
  const other = await open('/other');
  for (const run of [leader, other]) for (const { key } of [a, b]) run.nodeJoined(key, null);
  await settled(leader);
  await settled(other);
  const sent = contribute(other, a, second);
  await blobs.isStoring.promise;
  const receipt = await contribute(leader, a, second);
  expect(await contribute(leader, b, first)).toMatchObject({ round: 1 });
  await settled(leader);
  // The round is over for this process too.
  await settled(other);
  expect(other.history()).toMatchObject([{ round: 1, contributions: 2 }]);
  blobs.storable.resolve();
  if (typeof receipt === 'string') throw new Error(receipt);
  const { sequence, payload, entry } = receipt;
  expect(await sent).toMatchObject({ round: 1, sequence, payload, entry });
  await Promise.all([leader.close(), other.close()]);
});
