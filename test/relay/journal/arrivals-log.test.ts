import { describe, expect, onTestFinished, test } from 'vitest';
import type { Contribution } from '../../../relay/journal/contribution.ts';
import type { Draft } from '../../../relay/journal/entry.ts';
import type { EventLog } from '../../../relay/journal/event-log.ts';
import { noHead } from '../../../relay/journal/journal-end.ts';
import { SqliteLog } from '../../../relay/journal/sqlite-log.ts';
import { createdEntry } from '../../support/relay/journal/created-entry.ts';
import { MemoryJournal, MemoryLog } from '../../support/relay/memory-log.ts';
import { TestClock } from '../../support/relay/run-support.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const zeros = '0'.repeat(64);
const signature = '0'.repeat(128);
/** The base of a round. */
const baseOf = (round: number) => `${round}`.repeat(64);

const created = createdEntry({ quorum: 1, target: 1, arrivals: { maxStaleness: 1, leastSteps: 1 } });

const opened = (round: number, attempt = 1): Draft => ({
  kind: 'round-opened',
  body: { round, attempt, base: baseOf(round) },
});

function committed(round: number, last: number): Draft[] {
  const totals = { round, contributions: 1, last };
  return [
    { kind: 'round-closed', body: { round, attempt: 1, contributions: 1, last } },
    {
      kind: 'round-committed',
      body: {
        ...{ ...totals, tokens: 10, norm: 1, excluded: [], scores: [], weighed: [] },
        ...{ state: [baseOf(round + 1)], delta: null, loss: null, checkpoint: { root: zeros, signature } },
      },
    },
  ];
}

/** Work of a node that began from the base of a round; one hex digit selects the node, and one the payload. */
function begunFrom(round: number, node: string, payload = node): Contribution {
  return {
    ...{ round, key: node.repeat(64), corpus: null, base: baseOf(round), payload: payload.repeat(64) },
    ...{ payloadBytes: 10, steps: 1, tokens: 10, trainingLoss: '2.3', heldOutLoss: '2.3' },
    ...{ part: 'whole', signature },
  };
}

const implementations: [string, () => () => EventLog][] = [
  [
    'in memory',
    () => {
      const journal = new MemoryJournal(new TestClock());
      return () => new MemoryLog(journal);
    },
  ],
  [
    'in SQLite',
    () => {
      const folder = temporaryFolder();
      return () => new SqliteLog(folder, () => 1000);
    },
  ],
];

describe.each(implementations)('with arrivals, %s', (_, make) => {
  test('a round takes work that began from the one before, once, also after a new process reads the journal', async () => {
    const connect = make();
    let log = connect();
    onTestFinished(() => log.close());
    let head = noHead;
    const append = async (...drafts: Draft[]) => {
      const lease = await log.lead('this process', 60_000);
      if (lease === null) throw new Error('no lease');
      const result = await log.append(lease, head, drafts);
      if (!('entries' in result)) throw new Error('not appended');
      head = result.entries.at(-1) ?? head;
    };
    const accept = async (round: number, contribution: Contribution, attempt = 1) => {
      const [answer] = await log.accept({ round, attempt, target: 2 }, [contribution]);
      if (answer === undefined) throw new Error('no answer');
      if ('refused' in answer) return answer.refused;
      head = answer;
      return answer.sequence;
    };
    await append(created, opened(1));
    expect(await accept(1, begunFrom(1, 'a'))).toBe(3);
    await append(...committed(1, 3), opened(2));
    for (const reads of [false, true]) {
      if (reads) {
        await log.close();
        log = connect();
      }
      expect(await accept(2, begunFrom(1, 'a', 'd'))).toBe('duplicate');
      expect(await accept(2, begunFrom(2, 'a', 'a'))).toBe('duplicate');
      expect(await accept(2, begunFrom(2, 'b', 'a'))).toBe('duplicate');
      expect(await accept(2, { ...begunFrom(1, 'b'), base: baseOf(2) })).toBe('closed');
    }
    expect(await accept(2, begunFrom(1, 'b'))).toBe(7);
    await append(...committed(2, 7), opened(3));
    // What began two rounds before is too old; the key may begin again.
    for (const reads of [false, true]) {
      if (reads) {
        await log.close();
        log = connect();
      }
      expect(await accept(3, begunFrom(1, 'c'))).toBe('closed');
      expect(await accept(3, begunFrom(4, 'c'))).toBe('closed');
    }
    expect(await accept(3, begunFrom(2, 'b', 'e'))).toBe(11);
    // What an abandoned attempt had counts again, for its own key.
    await append(
      { kind: 'round-abandoned', body: { round: 3, attempt: 1, contributions: 1, loss: null } },
      opened(3, 2),
    );
    expect(await accept(3, begunFrom(2, 'a', 'e'), 2)).toBe('duplicate');
    expect(await accept(3, begunFrom(2, 'b', 'e'), 2)).toBe(14);
  });
});
