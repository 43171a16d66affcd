import { cpSync } from 'node:fs';
import { Run } from '../../../../relay/run/run.ts';
import { receiptLines } from '../../../../relay/wire/evidence/receipt.ts';
import type { Acknowledgement } from '../../../../relay/wire/tapestry_pb.js';
import { temporaryFolder } from '../../temporary-folder.ts';
import { contribute, drawnPayload, settled, TestClock, testNodes, tinyRun } from '../run-support.ts';

/** A run of 20 rounds and two nodes in a folder, and what its first node kept of it. */
export interface PlantedRun {
  readonly folder: string;
  readonly receipts: readonly Acknowledgement[];
  /** The newest checkpoint, a signed note. */
  readonly checkpoint: Uint8Array;
}

export const plantedRounds = 20;

export async function writePlantedRun(folder: string, parameters = 100): Promise<PlantedRun> {
  const nodes = await testNodes(2);
  const plan = tinyRun({ parameters, rounds: plantedRounds, target: 2 });
  const run = await Run.open(folder, plan, new TestClock());
  for (const { key } of nodes) run.nodeJoined(key, null);
  await settled(run);
  const receipts: Acknowledgement[] = [];
  for (let round = 1; round <= plantedRounds; round++) {
    for (const [index, node] of nodes.entries()) {
      const payload = drawnPayload(parameters, 10 * round + index);
      const receipt = await contribute(run, node, payload, {}, 65_536);
      if (typeof receipt === 'string') throw new Error(receipt);
      if (index === 0) receipts.push(receipt);
    }
    await settled(run);
  }
  const checkpoint = run.checkpoint();
  await run.close();
  if (checkpoint === null) throw new Error('no checkpoint');
  return { folder, receipts, checkpoint };
}

/** A copy to plant a change in. */
export function copyOf(run: PlantedRun): PlantedRun {
  const folder = temporaryFolder();
  cpSync(run.folder, folder, { recursive: true });
  return { ...run, folder };
}

export function receiptsFile(receipts: readonly Acknowledgement[]): KeptFile {
  return { name: 'receipts-1.txt', bytes: receiptLines(receipts) };
}

/** A file of a node, as it is given to a verifier. */
export interface KeptFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}
