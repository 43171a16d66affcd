import { createPrivateKey } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Random } from '../../../client/random.ts';
import type { StoredEntry } from '../../../relay/journal/entry.ts';
import { disk } from '../../../relay/run/open-run.ts';
import { Run } from '../../../relay/run/run.ts';
import { keyFile } from '../../../relay/storage/relay-key.ts';
import type { VerifySource } from '../../../relay/verify/source.ts';
import type { Hash } from '../../../relay/wire/hex.ts';
import { type Acknowledgement, type Offer, RefusalCode } from '../../../relay/wire/tapestry_pb.js';
import { temporaryFolder } from '../temporary-folder.ts';
import {
  contribute,
  payloadOfValues,
  settled,
  TestClock,
  type TestNode,
  testKey,
  testNodes,
  tinyRun,
} from './run-support.ts';
import { rowsOf } from './written-run.ts';

const parameters = 12;

/** What a relay gave to its nodes and to its readers over a whole run. */
export interface PlayedRun {
  readonly rows: readonly StoredEntry[];
  readonly blobs: ReadonlyMap<Hash, Uint8Array>;
  /** The newest checkpoint after each committed round, and at the end. */
  readonly checkpoints: readonly Uint8Array[];
  readonly receipts: readonly Acknowledgement[];
}

/** A folder with a run of two rounds that nobody has joined yet. Its keys and its times are fixed: so is every byte. */
export async function newVectorRun(): Promise<string> {
  const folder = temporaryFolder();
  const key = createPrivateKey({ key: Buffer.from(testKey(1)), format: 'der', type: 'pkcs8' });
  writeFileSync(`${folder}/${keyFile}`, key.export({ type: 'pkcs8', format: 'pem' }).toString());
  const probe = { tokens: new Uint8Array(8), maxIncrease: 0.25, rounds: 2 };
  const create = tinyRun({
    parameters,
    rounds: 2,
    tensors: [5, 7],
    probe,
    following: { factor: 8, rounds: 1 },
  });
  create.initialBase[0] = -0;
  await (await Run.open(folder, create, new TestClock(), { ...disk, evaluate: async () => 0 })).close();
  return folder;
}

/** The losses that the relay measures: of the initial base, and of each base that a round makes. */
const measured = [2.75, 2.5, 2.75 + 2 ** -22, 2.75];

/**
 * Plays a copy of the run in `folder` to its end, with deltas drawn from `seed`: an abandoned attempt, refusals, a contribution
 * that the merge leaves out, a base that the guard refuses and one that it just allows.
 */
export async function playVectorRun(folder: string, seed: number): Promise<PlayedRun> {
  const copy = temporaryFolder();
  cpSync(folder, copy, { recursive: true });
  const clock = new TestClock();
  const nodes = await testNodes(3);
  const losses = [...measured];
  const run = await Run.open(copy, undefined, clock, { ...disk, evaluate: async () => losses.shift() ?? 9 });
  const receipts: Acknowledgement[] = [];
  const checkpoints: Uint8Array[] = [];
  const send = async (
    node: TestNode | undefined,
    payload: Uint8Array<ArrayBuffer>,
    facts: Partial<Offer>,
  ) => {
    if (node === undefined) throw new Error('no node');
    const receipt = await contribute(run, node, payload, facts);
    if (typeof receipt === 'string') throw new Error(receipt);
    receipts.push(receipt);
    clock.pass(7);
  };
  const told = async () => {
    await settled(run);
    checkpoints.push(run.checkpoint() ?? new Uint8Array());
  };
  for (const [i, node] of nodes.entries()) run.nodeJoined(node.key, i === 0 ? null : i - 1);
  await settled(run);
  const [first, second, third] = nodes;
  await send(first, drawn(seed, 0), { steps: 3, heldOutLoss: -0 });
  for (const code of [RefusalCode.TOO_LATE, RefusalCode.NORM_EXCEEDED, RefusalCode.TOO_LATE])
    run.refused(code);
  clock.pass(60_000);
  await settled(run);
  await send(first, drawn(seed, 0), { steps: 3, heldOutLoss: -0 });
  await send(second, drawn(seed, 1), { steps: 10, trainingLoss: Math.fround(1.1) });
  await send(third, drawn(seed, 2, -3), { steps: 7, trainingLoss: Math.fround(1e-7) });
  await told();
  for (const [i, node] of nodes.entries()) await send(node, drawn(seed, 3 + i), { steps: 1 });
  await settled(run);
  if (third !== undefined) run.nodeLeft(third.key);
  await send(second, drawn(seed, 6), { steps: 9 });
  await send(first, drawn(seed, 7), { steps: 4 });
  await told();
  await run.close();
  return { rows: rowsOf(`${copy}/journal.sqlite`), blobs: blobsIn(copy), checkpoints, receipts };
}

/** A delta near one direction, or against it if `scale` is negative. Its first value is zero, so that the base's stays -0. */
function drawn(seed: number, index: number, scale = 1): Uint8Array<ArrayBuffer> {
  const [shared, own] = [Random.seeded(seed, 5), Random.seeded(seed, 50 + index)];
  const values = new Float32Array(parameters).map(() => scale * (shared.normal() / 3 + own.normal() / 30));
  values[0] = 0;
  return payloadOfValues(values);
}

function blobsIn(folder: string): ReadonlyMap<Hash, Uint8Array> {
  const files = readdirSync(`${folder}/blobs`, { recursive: true, withFileTypes: true });
  const named = files.filter((file) => file.isFile()).sort((one, other) => (one.name < other.name ? -1 : 1));
  return new Map(named.map(({ parentPath, name }) => [name, readFileSync(`${parentPath}/${name}`)]));
}

/** The run as a relay serves it. `rows` may be other entries than it has. */
export function sourceOf({ rows, blobs }: Pick<PlayedRun, 'rows' | 'blobs'>): VerifySource {
  return {
    journal: () => rows,
    committed: async () => rows.filter(({ kind }) => kind === 'round-committed').length,
    published: () => [],
    blob: async (hash) => blobs.get(hash) ?? null,
    async *rest() {},
  };
}
