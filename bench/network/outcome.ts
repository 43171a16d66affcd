import * as v from 'valibot';
import { folderSource } from '../../relay/verify/folder-source.ts';
import { verifyRun } from '../../relay/verify/verify.ts';
import type { Program } from './program.ts';

const named = v.object({ round: v.number(), payload: v.string() });

/**
 * What became of the contributions of each node, by the events that it told and by the relay's journal, which is verified.
 * `lost` were acknowledged and are not in the journal, `doubled` are there twice. What was dropped came too late for its
 * round, and flowed back into its node's next contribution.
 */
export async function outcome(journal: string, programs: Readonly<Record<string, Program>>) {
  const accepted = new Map<string, number>();
  const checks = verifyRun(await folderSource(journal), {
    onEntry: (entry) => {
      if (entry.kind !== 'contribution-accepted') return;
      const { round, payload } = entry.body;
      accepted.set(`${round} ${payload}`, (accepted.get(`${round} ${payload}`) ?? 0) + 1);
    },
  });
  let step = await checks.next();
  while (!step.done) step = await checks.next();
  const { problems, rounds: verified, contributions } = step.value;
  const nodes = Object.entries(programs).map(([name, program]) => {
    const times = program.all('acknowledged').map((event) => {
      const { round, payload } = v.parse(named, event);
      return accepted.get(`${round} ${payload}`) ?? 0;
    });
    return {
      node: name,
      acknowledged: times.length,
      lost: times.filter((count) => count === 0).length,
      doubled: times.filter((count) => count > 1).length,
      dropped: program.all('dropped').length,
      retries: program.all('retry').length,
    };
  });
  const sum = (of: 'lost' | 'doubled') => nodes.reduce((total, node) => total + node[of], 0);
  return { nodes, lost: sum('lost'), doubled: sum('doubled'), verified, contributions, problems };
}
