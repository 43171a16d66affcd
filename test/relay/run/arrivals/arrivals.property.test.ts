import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Run } from '../../../../relay/run/run.ts';
import { folderSource } from '../../../../relay/verify/folder-source.ts';
import { fromHex } from '../../../../relay/wire/hex.ts';
import {
  contribute,
  drawnPayload,
  settled,
  TestClock,
  testNodes,
  tinyRun,
} from '../../../support/relay/run-support.ts';
import { reportOf } from '../../../support/relay/written-run.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const nodeCount = 4;
const maxStaleness = 2;
const who = fc.nat(nodeCount - 1);

/** What happens next: work of a node arrives, or again, or under another key; a node begins anew; or the relay starts again. */
const happening = fc.oneof(
  { weight: 6, arbitrary: who.map((node) => ({ kind: 'arrives', node }) as const) },
  { weight: 2, arbitrary: who.map((node) => ({ kind: 'repeats', node }) as const) },
  { weight: 2, arbitrary: fc.tuple(who, who).map(([node, of]) => ({ kind: 'copies', node, of }) as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restarts' } as const) },
);

const outer = {
  case: 'delayedNesterov',
  value: { learningRate: 0.7, momentum: 0.5, period: 3, correction: { case: 'uncorrected', value: {} } },
} as const;

test('whatever arrives, is repeated or copied: each work counts once, what is too old is refused, and every base is derived', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(happening, { minLength: 8, maxLength: 24 }),
      fc.integer({ min: 1, max: 2 }),
      async (happenings, target) => {
        const folder = temporaryFolder();
        const arrivals = { maxStaleness, leastSteps: 1 };
        const create = tinyRun({ rounds: 100, quorum: 1, target, arrivals, outer, parameters: 20 });
        const nodes = await testNodes(nodeCount);
        const clock = new TestClock();
        let run = await Run.open(folder, create, clock);
        const join = async () => {
          for (const { key } of nodes) run.nodeJoined(key, 0);
          await settled(run);
        };
        await join();
        const begin = () => ({ round: run.current().round, base: fromHex(run.current().base) });
        let drawn = 0;
        const works = nodes.map(() => ({ from: begin(), payload: drawnPayload(20, drawn++) }));
        /** The sequence of each work's entry, by its key and the round that it began from. */
        const counted = new Map<string, bigint>();
        for (const one of happenings) {
          if (one.kind === 'restarts') {
            await run.close();
            run = await Run.open(folder, undefined, clock);
            await join();
            continue;
          }
          const [node, work] = [nodes[one.node], works[one.kind === 'copies' ? one.of : one.node]];
          if (node === undefined || work === undefined) throw new Error('no node');
          const name = `${node.key} ${work.from.round}`;
          const isOld = work.from.round < run.current().round - maxStaleness;
          const answering = contribute(run, node, work.payload, work.from);
          await settled(run);
          // With a target of two, work that has to wait for its round comes with the deadline of the open one.
          clock.pass(60_000);
          await settled(run);
          const answer = await answering;
          if (typeof answer === 'string') {
            expect(['DUPLICATE', 'STALE_BASE']).toContain(answer);
            if (isOld) expect(answer).toBe('STALE_BASE');
            continue;
          }
          expect(isOld && !counted.has(name)).toBe(false);
          expect(counted.get(name) ?? answer.sequence).toBe(answer.sequence);
          counted.set(name, answer.sequence);
          if (one.kind === 'arrives') works[one.node] = { from: begin(), payload: drawnPayload(20, drawn++) };
        }
        await settled(run);
        const { contributions } = run.totals();
        expect(contributions).toBe(counted.size);
        expect(new Set(counted.values()).size).toBe(counted.size);
        await run.close();
        expect((await reportOf(folderSource(folder))).problems).toEqual([]);
      },
    ),
    { numRuns: 12 },
  );
});
