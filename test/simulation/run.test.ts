import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { Random } from '../../client/random.ts';
import type { Entry, EntryKind, EntryOf } from '../../relay/entries.ts';
import { diskFull } from '../../relay/files.ts';
import { Journal } from '../../relay/journal.ts';
import { Run } from '../../relay/run.ts';
import type { Environment } from '../../relay/run-folder.ts';
import { hashOfBytes } from '../../relay/store.ts';
import { blobPlace, verifyRun } from '../../relay/verify.ts';
import { ChunkSchema, RefusalCode } from '../../relay/wire/tapestry_pb.js';
import {
  drawnPayload,
  offerFor,
  settled,
  TestClock,
  type TestNode,
  testNode,
  tinyRun,
} from '../relay/run-support.ts';
import { seed } from '../seed.ts';
import { FaultyFiles } from './faulty-files.ts';
import { checkHistory, modelBases } from './model.ts';

/**
 * The run over a disk that crashes, tears and refuses, with everything drawn from one seed. SQLite's own promise, that
 * a committed transaction lasts, is taken as kept here (test/simulation/kill.test.ts holds it to that): the journal
 * lives through crashes, which strike right before an entry is written and right after.
 */
const parameters = 40;
const quorum = 2;
const newRun = tinyRun({ parameters, rounds: 3, quorum, target: 3 });

class MortalJournal extends Journal {
  disk: FaultyFiles | null = null;

  override append<Kind extends EntryKind>(time: number, kind: Kind, body: EntryOf<Kind>['body']): Entry {
    this.#operation();
    const entry = super.append(time, kind, body);
    this.#operation();
    return entry;
  }

  #operation(): void {
    try {
      this.disk?.operation(false);
    } catch (error) {
      throw diskFull('the journal', error);
    }
  }

  override checkpoint(): void {}

  override close(): void {}
}

interface SimulatedNode extends TestNode {
  joined: boolean;
  upload: { payload: Uint8Array<ArrayBuffer>; offset: number } | null;
}

class Simulation {
  readonly random: Random;
  readonly clock = new TestClock();
  readonly journal = new MortalJournal(':memory:');
  readonly acknowledged: Parameters<typeof checkHistory>[1][number][] = [];
  readonly nodes: SimulatedNode[];
  disk: FaultyFiles;
  crashes = 0;
  troubles = 0;
  #drawn = 0;

  constructor(seed: number, nodes: readonly TestNode[]) {
    this.random = Random.seeded(seed);
    this.disk = new FaultyFiles(this.random);
    this.nodes = nodes.map((node) => ({ ...node, joined: false, upload: null }));
  }

  /** The process starts; it may crash while it does, and is then started again. */
  async start(): Promise<Run> {
    for (;;) {
      this.journal.disk = this.disk;
      const environment: Environment = {
        files: this.disk,
        openJournal: () => this.journal,
        lock: () => () => {},
      };
      for (const node of this.nodes) Object.assign(node, { joined: false, upload: null });
      try {
        const run = await Run.open('/run', newRun, this.clock.now, environment);
        if (!this.disk.dead) {
          run.onEvent = ({ type }) => {
            if (type === 'trouble') this.troubles++;
          };
          return run;
        }
      } catch (error) {
        if (!this.disk.dead) throw error;
      }
      this.crash();
    }
  }

  crash(): void {
    this.crashes++;
    this.journal.disk = null;
    this.disk = this.disk.afterPowerLoss();
    if (this.random.below(4) === 0) this.disk.crashAfter(this.random.below(40));
  }

  /** One thing that happens to the relay. */
  async step(run: Run): Promise<void> {
    const node = this.nodes[this.random.below(this.nodes.length)];
    if (node === undefined) return;
    const drawn = this.random.below(100);
    if (drawn < 60) await this.advance(run, node);
    else if (drawn < 75) this.clock.time += this.random.below(4000);
    else if (drawn < 77) this.clock.time += 60_000;
    else if (drawn < 82 && node.joined) {
      run.nodeLeft(node.key);
      Object.assign(node, { joined: false, upload: null });
    } else if (drawn < 90) this.disk.crashAfter(this.random.below(60));
    else if (drawn < 95) this.disk.refuseAfter(this.random.below(10), 1 + this.random.below(3));
    else run.refused(RefusalCode.MALFORMED);
    await settled(run);
  }

  /** The node's next move towards a contribution to the current round. */
  async advance(run: Run, node: SimulatedNode): Promise<void> {
    if (!node.joined) {
      run.nodeJoined(node.key, 'node', 0);
      node.joined = true;
      return;
    }
    if (node.upload === null) {
      // Now and then the very same delta again, as from a node that missed its acknowledgement.
      const payload = drawnPayload(parameters, this.random.below(3) === 0 ? 1 : 1000 + this.#drawn++);
      const answer = await run.offer(
        node.key,
        await offerFor(run, node, payload, { tokens: 1 + (payload[1] ?? 0) }),
      );
      if ('resume' in answer && !this.disk.dead) node.upload = { payload, offset: answer.resume };
      return;
    }
    const { payload, offset } = node.upload;
    const data = payload.subarray(offset, offset + 20);
    const { round } = run.current();
    const answer = await run.chunk(node.key, create(ChunkSchema, { offset, data }));
    // No one hears what a dead process says.
    if (this.disk.dead) return;
    node.upload = answer === null ? { payload, offset: offset + data.length } : null;
    if (answer !== null && 'acknowledgement' in answer) {
      const { attempt } = answer.acknowledgement;
      const sequence = Number(answer.acknowledgement.sequence);
      this.acknowledged.push({ key: node.key, payload: hashOfBytes(payload), sequence, round, attempt });
    }
  }
}

async function simulate(seed: number, nodes: readonly TestNode[]): Promise<Simulation> {
  const simulation = new Simulation(seed, nodes);
  if (simulation.random.below(3) === 0) simulation.disk.crashAfter(simulation.random.below(30));
  let run = await simulation.start();
  for (let step = 0; step < 60; step++) {
    await simulation.step(run);
    if (simulation.disk.dead) {
      simulation.crash();
      run = await simulation.start();
    }
  }
  // From here on nothing fails, and the run must come to its end.
  simulation.crash();
  simulation.disk.crashAfter(Number.POSITIVE_INFINITY);
  run = await simulation.start();
  for (let step = 0; run.current().phase !== 'complete'; step++) {
    if (step === 2000) throw new Error('the run does not end');
    for (const node of simulation.nodes) await simulation.advance(run, node);
    simulation.clock.time += 500;
    await settled(run);
  }
  const entries = [...simulation.journal.entries()];
  const blobs = new Map<string, Uint8Array | null>();
  for (const entry of entries) {
    if (entry.kind !== 'contribution-accepted') continue;
    blobs.set(entry.body.payload, await simulation.disk.read(`/run/${blobPlace(entry.body.payload)}`));
  }
  checkHistory(entries, simulation.acknowledged, quorum);
  const bases = modelBases(entries, newRun.initialBase, (hash) => blobs.get(hash) ?? null);
  expect(run.history().map(({ base }) => base)).toEqual(bases);
  expect(bases).toHaveLength(3);
  expect(run.current().base).toBe(bases.at(-1));
  const checks = verifyRun({
    journal: () => simulation.journal.stored(),
    blob: (hash) => simulation.disk.read(`/run/${blobPlace(hash)}`),
    async *rest() {},
  });
  let check = await checks.next();
  while (!check.done) check = await checks.next();
  expect(check.value).toMatchObject({ rounds: 3, problems: [] });
  return simulation;
}

test('whatever the disk does, what was acknowledged stays and counts once', async () => {
  const nodes = await Promise.all([1, 2, 3, 4].map(testNode));
  let crashes = 0;
  let troubles = 0;
  let acknowledged = 0;
  const runs = 100;
  for (let run = 0; run < runs; run++) {
    const drawn = seed + run;
    const simulation = await simulate(drawn, nodes).catch((error: unknown) => {
      throw new Error(`seed ${drawn}`, { cause: error });
    });
    crashes += simulation.crashes;
    troubles += simulation.troubles;
    acknowledged += simulation.acknowledged.length;
  }
  // The faults must really have happened for this test to say anything.
  expect(crashes).toBeGreaterThan(2 * runs);
  expect(troubles).toBeGreaterThan(runs / 2);
  expect(acknowledged).toBeGreaterThan(6 * runs);
});
