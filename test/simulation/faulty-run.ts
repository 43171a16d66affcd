import { create } from '@bufbuild/protobuf';
import { expect } from 'vitest';
import { Random } from '../../client/random.ts';
import { checkEntry, type Entry } from '../../relay/journal/entry.ts';
import { nextTurn } from '../../relay/run/next-turn.ts';
import type { Environment } from '../../relay/run/open-run.ts';
import { Run } from '../../relay/run/run.ts';
import { diskFull } from '../../relay/storage/files.ts';
import { hashOfBytes } from '../../relay/storage/sha256.ts';
import { verifyRun } from '../../relay/verify/verify.ts';
import { type Acknowledgement, ChunkSchema, ModelPart, RefusalCode } from '../../relay/wire/tapestry_pb.js';
import { type Fault, MemoryBlobs } from '../support/relay/memory-blobs.ts';
import { MemoryJournal, MemoryLog } from '../support/relay/memory-log.ts';
import { drawnPayload, offerFor, settled, TestClock, type TestNode } from '../support/relay/run-support.ts';
import { FaultyFiles } from './faulty-files.ts';
import { claimedTerms, type FaultyTerms, parameters } from './faulty-terms.ts';
import { checkHistory, modelBases } from './model.ts';

/** Bugs to plant in what a process of the relay works with. */
export interface Planted {
  readonly blobs?: (now: () => number) => MemoryBlobs;
  readonly log?: (journal: MemoryJournal, fault: Fault) => MemoryLog;
  /** Called when a process has ended. */
  readonly ended?: (journal: MemoryJournal) => void;
}

/** So many starts in a row do not all crash by chance. */
const mostStarts = 100;

/** Far more operations of the stores than a good run has: about 600. A relay that writes the same without end is cut off there. */
const mostOperations = 5_000;

/** Of the payload of a delta of the whole model. */
const wholeBytes = drawnPayload(parameters, 0).length;

type Answer = Awaited<ReturnType<Run['chunk']>>;

interface SimulatedNode extends TestNode {
  joined: boolean;
  upload: { payload: Uint8Array<ArrayBuffer>; round: number; offset: number } | null;
  /** The whole payload is sent: what the relay answers, as soon as it does. An arrival may wait for that through other nodes' steps. */
  answer: { readonly of: Answer | undefined } | null;
  /** The payload that the node offered last. */
  sent: Uint8Array<ArrayBuffer> | null;
}

/**
 * A run over a journal, blobs and a disk that crash, tear, fail and lose answers; one seed decides everything. Appended
 * entries and put blobs are assumed durable here (test/simulation/kill.test.ts tests that of SQLite and files): they survive
 * crashes, which happen right before or right after an operation. Other processes append to the journal and take the lease.
 */
export class Simulation {
  readonly random: Random;
  readonly clock = new TestClock();
  readonly journal = new MemoryJournal(this.clock);
  readonly blobs: MemoryBlobs;
  readonly #planted: Planted;
  readonly #terms: FaultyTerms;
  readonly acknowledged: Parameters<typeof checkHistory>[1][number][] = [];
  readonly nodes: SimulatedNode[];
  disk: FaultyFiles;
  crashes = 0;
  troubles = 0;
  conflicts = 0;
  fences = 0;
  again = 0;
  /** False once no more faults are injected. */
  faulty = true;
  #drawn = 0;
  #operations = 0;

  constructor(seed: number, nodes: readonly TestNode[], planted: Planted, terms: FaultyTerms) {
    this.#planted = planted;
    this.#terms = terms;
    this.blobs = planted.blobs?.(this.clock.now) ?? new MemoryBlobs(this.clock.now);
    this.random = Random.seeded(seed);
    this.disk = new FaultyFiles(this.random, this.clock.now);
    this.nodes = nodes.map((node) => ({ ...node, joined: false, upload: null, answer: null, sent: null }));
  }

  /** Starts the process; if it crashes meanwhile, starts it again. */
  async start(): Promise<Run> {
    for (let starts = 0; ; starts++) {
      this.checkEnds();
      if (starts === mostStarts) throw new Error('the run cannot be opened any more');
      const { disk } = this;
      const fault = (writes: boolean) => {
        if (++this.#operations > mostOperations) disk.crashAfter(0);
        try {
          disk.operation(writes);
        } catch (error) {
          throw diskFull('the store', error);
        }
      };
      const troubled: Fault = (writes) => {
        fault(writes);
        if (writes && this.faulty) this.#rival();
      };
      const log = this.#planted.log?.(this.journal, troubled) ?? new MemoryLog(this.journal, troubled);
      const { blobs } = this;
      blobs.fault = fault;
      const { draft, evaluate } = this.#terms;
      const stores = { files: disk, openLog: () => log, openBlobs: () => blobs };
      const environment: Environment = evaluate === undefined ? stores : { ...stores, evaluate };
      for (const node of this.nodes) Object.assign(node, { joined: false, upload: null, answer: null });
      try {
        const run = await Run.open('/run', draft, this.clock, environment);
        if (!disk.dead) {
          void this.#countTroubles(run);
          return run;
        }
        await log.close();
      } catch (error) {
        if (!disk.dead && this.journal.entries.length > 0 && !this.faulty) throw error;
      }
      this.crash();
    }
  }

  /** Whoever waits for the stores would wait for ever: the seed ends here. */
  checkEnds(): void {
    if (this.#operations > mostOperations)
      throw new Error(`run-ends: ${mostOperations} operations of the stores, and the run does not end`);
  }

  async #countTroubles(run: Run): Promise<void> {
    for await (const { type } of run.events(new AbortController().signal))
      if (type === 'trouble') this.troubles++;
  }

  /** An action of another process, right before or after one of this process. */
  #rival(): void {
    if (this.journal.entries.length === 0) return;
    const drawn = this.random.below(100);
    if (drawn < 6) {
      this.journal.append([{ kind: 'refused', body: { round: 1, counts: { MALFORMED: 1 } } }]);
      this.conflicts++;
    } else if (drawn < 9 && this.journal.lease !== null) {
      this.journal.lease.endsAt = Number.NEGATIVE_INFINITY;
      this.journal.lead('a rival', 1000);
      this.fences++;
    }
  }

  crash(): void {
    this.crashes++;
    this.#planted.ended?.(this.journal);
    this.disk = this.disk.afterPowerLoss();
    // The lease of a process that died expires.
    this.clock.pass(20_000);
    if (this.faulty && this.random.below(4) === 0) this.disk.crashAfter(this.random.below(40));
  }

  /** Performs one random event. */
  async step(run: Run): Promise<void> {
    const node = this.nodes[this.random.below(this.nodes.length)];
    if (node === undefined) return;
    const drawn = this.random.below(100);
    if (drawn < 60) await this.advance(run, node);
    else if (drawn < 73) this.clock.pass(this.random.below(4000));
    else if (drawn < 75) this.clock.pass(60_000);
    else if (drawn < 77) this.clock.step((this.random.below(3) - 1) * 3_600_000);
    else if (drawn < 82 && node.joined) {
      run.nodeLeft(node.key);
      Object.assign(node, { joined: false, upload: null });
    } else if (drawn < 90) this.disk.crashAfter(this.random.below(60));
    else if (drawn < 95) this.disk.refuseAfter(this.random.below(10), 1 + this.random.below(3));
    else run.refused(RefusalCode.MALFORMED);
    await settled(run);
    this.checkEnds();
  }

  /** The node's next step towards a contribution to the current round. */
  async advance(run: Run, node: SimulatedNode): Promise<void> {
    if (!node.joined) {
      run.nodeJoined(node.key, 0);
      node.joined = true;
      return;
    }
    if (node.upload === null) {
      // The relay handles its messages in their order, also those of the connection before.
      if (node.answer !== null && node.answer.of === undefined) return;
      node.answer = null;
      // Often the same delta again, like a node that missed its acknowledgement.
      const isAgain = node.sent !== null && this.random.below(2) === 0;
      const payload = (isAgain ? node.sent : null) ?? this.#draw();
      node.sent = payload;
      const { round } = run.current();
      const part = payload.length === wholeBytes ? ModelPart.WHOLE : ModelPart.UPPER;
      const offer = await offerFor(run, node, payload, { steps: 1 + ((payload[1] ?? 0) % 10), part });
      const answer = await run.offer(node.key, offer);
      if (this.disk.dead || 'refusal' in answer) return;
      if ('resume' in answer) node.upload = { payload, round, offset: answer.resume };
      else {
        this.again++;
        this.#acknowledge(node, payload, round, answer.acknowledgement);
      }
      return;
    }
    if (node.answer === null) {
      const { payload, offset } = node.upload;
      const data = payload.subarray(offset, offset + 20);
      node.upload.offset += data.length;
      node.answer = await this.#answer(run, node, data, offset);
    }
    // Answers of a dead process are lost.
    if (this.disk.dead || node.answer.of === undefined) return;
    const { payload, round, offset } = node.upload;
    const answer = node.answer.of;
    node.answer = null;
    if (answer === null && offset < payload.length) return;
    node.upload = null;
    // Some answers are lost on the way to the node, which then repeats its offer.
    if (answer !== null && 'acknowledgement' in answer && this.random.below(3) > 0) {
      this.#acknowledge(node, payload, round, answer.acknowledgement);
    }
  }

  /** The payload of a delta of the whole model, or of its upper layers. */
  #draw(): Uint8Array<ArrayBuffer> {
    const { upperFrom } = this.#terms;
    const isPart = upperFrom !== null && this.random.below(2) === 0;
    return drawnPayload(isPart ? parameters - upperFrom : parameters, 1000 + this.#drawn++);
  }

  /**
   * Sends a chunk, and waits for the answer until nothing is under way. An arrival that no round takes now is answered only after other
   * nodes' contributions, or once time has passed: whoever waited for that in between would wait for ever.
   */
  async #answer(
    run: Run,
    node: TestNode,
    data: Uint8Array,
    offset: number,
  ): Promise<{ of: Answer | undefined }> {
    const answer: { of: Answer | undefined } = { of: undefined };
    const { puts } = this.blobs;
    void run.chunk(node.key, create(ChunkSchema, { offset, data })).then((of) => {
      answer.of = of;
    });
    const isStored = () => this.blobs.puts > puts;
    while (answer.of === undefined && !isStored() && !this.disk.dead) await nextTurn();
    // It is accepted in the relay's next task, unless it waits for another round.
    await nextTurn();
    await settled(run);
    await nextTurn();
    return answer;
  }

  #acknowledge(node: TestNode, payload: Uint8Array, round: number, receipt: Acknowledgement): void {
    const { attempt } = receipt;
    const sequence = Number(receipt.sequence);
    this.acknowledged.push({ key: node.key, payload: hashOfBytes(payload), sequence, round, attempt });
  }
}

/** Runs a seed's faults, then without faults to the end of the run, and checks all of it. Throws for what does not hold. */
export async function simulate(
  seed: number,
  nodes: readonly TestNode[],
  planted: Planted = {},
  terms: FaultyTerms = claimedTerms,
): Promise<Simulation> {
  const simulation = new Simulation(seed, nodes, planted, terms);
  if (simulation.random.below(3) === 0) simulation.disk.crashAfter(simulation.random.below(30));
  let run = await simulation.start();
  for (let step = 0; step < 60; step++) {
    await simulation.step(run);
    if (simulation.disk.dead) {
      simulation.crash();
      run = await simulation.start();
    }
  }
  // From here on nothing fails, and the run must complete.
  simulation.faulty = false;
  simulation.crash();
  simulation.disk.crashAfter(Number.POSITIVE_INFINITY);
  run = await simulation.start();
  for (let step = 0; run.current().phase !== 'complete'; step++) {
    if (step === 2000) throw new Error('run-ends: 2,000 steps without faults, and the run does not end');
    for (const node of simulation.nodes) await simulation.advance(run, node);
    simulation.clock.pass(500);
    await settled(run);
    simulation.checkEnds();
  }
  const entries: Entry[] = [];
  for (const [i, stored] of simulation.journal.entries.entries()) {
    entries.push(checkEntry(stored, simulation.journal.entries[i - 1] ?? null));
  }
  const blobs = new Map<string, Uint8Array | null>();
  for (const entry of entries) {
    if (entry.kind !== 'contribution-accepted') continue;
    blobs.set(entry.body.payload, await simulation.blobs.get(entry.body.payload));
  }
  checkHistory(entries, simulation.acknowledged, terms);
  const bases = run.history().map(({ base }) => base);
  const { draft, outer, rounds, upperFrom, quorum } = terms;
  const { initialBase } = draft;
  if (outer !== null)
    expect(bases).toEqual(
      modelBases(entries, { initialBase, outer, upperFrom, quorum }, (hash) => blobs.get(hash) ?? null),
    );
  expect(bases).toHaveLength(rounds);
  expect(run.current().base).toBe(bases.at(-1));
  const checks = verifyRun({
    journal: () => simulation.journal.entries,
    committed: async () => rounds,
    published: () => [],
    blob: (hash) => simulation.blobs.get(hash),
    async *rest() {},
  });
  let check = await checks.next();
  while (!check.done) check = await checks.next();
  expect(check.value).toMatchObject({ rounds, problems: [], base: bases.at(-1) });
  return simulation;
}
