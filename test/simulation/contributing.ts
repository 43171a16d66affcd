import { writeSync } from 'node:fs';
import { systemClock } from '../../relay/run/clock.ts';
import { Run } from '../../relay/run/run.ts';
import { hashOfBytes } from '../../relay/storage/sha256.ts';
import { contribute, drawnPayload, settled, testNodes, tinyRun } from '../support/relay/run-support.ts';

/**
 * A process that opens the run in a folder and contributes to it until test/simulation/kill.test.ts kills it. It prints each
 * acknowledgement as a line before it does anything else.
 */
export const killedRun = tinyRun({
  parameters: 20_000,
  rounds: 1_000_000,
  graceMs: 600_000,
  deadlineMs: 600_000,
});

if (import.meta.main) {
  const [folder = '', first = ''] = process.argv.slice(2);
  const run = await Run.open(folder, killedRun, systemClock);
  const nodes = await testNodes(3);
  for (const node of nodes) run.nodeJoined(node.key, 0);
  for (let drawn = Number(first); ; ) {
    await settled(run);
    for (const node of nodes) {
      const { round } = run.current();
      const payload = drawnPayload(20_000, drawn++);
      const answer = await contribute(run, node, payload, {}, 8192);
      // After a restart this round may already hold this node's contribution.
      if (answer === 'DUPLICATE') continue;
      if (typeof answer === 'string') throw new Error(answer);
      writeSync(
        1,
        `${JSON.stringify({ key: node.key, payload: hashOfBytes(payload), sequence: Number(answer.sequence), round, attempt: answer.attempt })}\n`,
      );
    }
  }
}
