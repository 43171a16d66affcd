import { writeSync } from 'node:fs';
import { Run } from '../../relay/run.ts';
import { hashOfBytes } from '../../relay/store.ts';
import { contribute, drawnPayload, settled, testNodes, tinyRun } from '../relay/run-support.ts';

/**
 * A process of its own that opens the run in a folder and contributes to it without end, for test/simulation/kill.test.ts
 * to kill. Every acknowledgement is a line on stdout, written before anything else happens.
 */
export const killedRun = tinyRun({
  parameters: 20_000,
  rounds: 1_000_000,
  graceMs: 600_000,
  deadlineMs: 600_000,
});

if (import.meta.main) {
  const [folder = '', first = ''] = process.argv.slice(2);
  const run = await Run.open(folder, killedRun, () => Math.floor(performance.timeOrigin + performance.now()));
  const nodes = await testNodes(3);
  for (const node of nodes) run.nodeJoined(node.key, 'node', 0);
  for (let drawn = Number(first); ; ) {
    await settled(run);
    for (const node of nodes) {
      const { round } = run.current();
      const payload = drawnPayload(20_000, drawn++);
      const answer = await contribute(run, node, payload, {}, 8192);
      // After a restart this round may have this node's contribution already.
      if (answer === 'DUPLICATE') continue;
      if (typeof answer === 'string') throw new Error(answer);
      writeSync(
        1,
        `${JSON.stringify({ key: node.key, payload: hashOfBytes(payload), sequence: Number(answer.sequence), round, attempt: answer.attempt })}\n`,
      );
    }
  }
}
