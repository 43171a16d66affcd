import { describe, expect, test } from 'vitest';
import type { PlanTimes } from '../../../../client/contribute/events.ts';
import type { GrantedPart } from '../../../../client/contribute/session/part.ts';
import { kinds } from './given.ts';
import { SlowNode } from './slow-node.ts';

const granted: GrantedPart = {
  ...{ layers: 1, of: 4, trainingRatio: 2, uploadRatio: 4 },
  ...{ isTimed: true, fitsWhole: true, trainingBytes: 1e6 },
};

function nodeWith(changes: Partial<GrantedPart> = {}): SlowNode {
  const node = new SlowNode();
  node.hear({ kind: 'granted', granted: { ...granted, ...changes }, part: 'whole' });
  return node;
}

/** A round of 3 s and a grace of 1 s. */
function times(training: number, upload: number): PlanTimes {
  return {
    ...{ plannedMilliseconds: 3000, leftMilliseconds: 3000, graceMilliseconds: 1000 },
    ...{ trainingMilliseconds: training, uploadMilliseconds: upload, tooShort: training + upload > 4000 },
  };
}

/** A round opens with this plan, and the node's contribution is in time. */
function planned(node: SlowNode, training: number, upload: number): void {
  node.open();
  const { round } = node;
  const plan = { round, attempt: 1, workUntil: 0 };
  node.hear({ kind: 'planned', plan, times: times(training, upload) });
  node.hear({ kind: 'trained', job: node.session.job, payload: `p${round}` });
  node.hear({ kind: 'acknowledged', payload: `p${round}`, sequence: round });
  node.close();
}

/** A node after its first two rounds. */
function joined(): SlowNode {
  const node = nodeWith();
  planned(node, 0, 0);
  planned(node, 100, 0);
  return node;
}

const trains = (node: SlowNode) => node.session.part?.part;
const told = (node: SlowNode) =>
  node.effects.flatMap((effect) =>
    effect.kind === 'tell' && effect.event.event === 'part' ? [effect.event] : [],
  );

describe('by the numbers of the plan', () => {
  test('a node that the whole model does not fit trains the upper layers, and says so in numbers', () => {
    const node = joined();
    planned(node, 3900, 100);
    expect(trains(node)).toBe('whole');
    planned(node, 4100, 200);
    expect(trains(node)).toBe('upper');
    const why = {
      kind: 'time',
      trainingMilliseconds: 4100,
      uploadMilliseconds: 200,
      lastsMilliseconds: 4000,
    };
    expect(told(node)).toEqual([{ event: 'part', round: 4, part: 'upper', layers: 1, of: 4, why }]);
  });

  test('it goes back once the whole model would have had room in two rounds in a row, with a quarter to spare', () => {
    const node = joined();
    planned(node, 5000, 0);
    // As long as the last measurement is of the whole model, and at twice the training and four times the upload with a quarter more.
    for (const [training, upload] of [
      [5000, 0],
      [1700, 0],
      [1400, 110],
    ] as const)
      planned(node, training, upload);
    expect(trains(node)).toBe('upper');
    planned(node, 1500, 50);
    planned(node, 1700, 0);
    planned(node, 1500, 50);
    expect(trains(node)).toBe('upper');
    planned(node, 1400, 100);
    expect(trains(node)).toBe('whole');
    const why = {
      kind: 'time',
      trainingMilliseconds: 2800,
      uploadMilliseconds: 400,
      lastsMilliseconds: 4000,
    };
    expect(told(node).slice(1)).toEqual([{ event: 'part', round: 10, part: 'whole', layers: 1, of: 4, why }]);
  });

  test('the time that its step took to compile drives it to no part, neither at first nor when it goes back', () => {
    const node = nodeWith();
    planned(node, 0, 0);
    planned(node, 9000, 0);
    expect(trains(node)).toBe('whole');
    planned(node, 100, 0);
    planned(node, 9000, 0);
    expect(trains(node)).toBe('upper');
    planned(node, 100, 0);
    planned(node, 100, 0);
    expect(trains(node)).toBe('whole');
    planned(node, 100, 0);
    planned(node, 9000, 0);
    expect(trains(node)).toBe('whole');
    planned(node, 9000, 0);
    expect(trains(node)).toBe('upper');
  });

  test('plans of the same round count once, and one without a measurement of the node does not', () => {
    const node = joined();
    planned(node, 5000, 0);
    node.open();
    const plan = { round: node.round, attempt: 1, workUntil: 0 };
    for (let i = 0; i < 3; i++) node.hear({ kind: 'planned', plan, times: times(100, 0) });
    expect(trains(node)).toBe('upper');
    node.close();
    planned(node, 0, 0);
    expect(trains(node)).toBe('upper');
    planned(node, 100, 0);
    expect(trains(node)).toBe('whole');
  });
});

describe('by rounds that are missed', () => {
  test('a node that would follow trains the upper layers, and follows only if those are late too', () => {
    const node = nodeWith();
    expect(node.rounds(2)).toEqual([true, true]);
    expect([trains(node), node.open()]).toEqual(['whole', true]);
    node.effects.length = 0;
    node.close();
    expect(trains(node)).toBe('upper');
    expect(kinds(node.effects)).toEqual(['committed', 'conclude', 'dropped', 'part']);
    expect(told(node)).toMatchObject([{ round: 3, part: 'upper', why: { kind: 'late', rounds: 2 } }]);
    expect(node.rounds(2)).toEqual([true, true]);
    expect(node.rounds(3)).toEqual([false, false, true]);
    expect(trains(node)).toBe('upper');
  });

  test('without plans it tries the whole model after four rounds, and waits twice as long after each trial that is late', () => {
    const node = nodeWith({ isTimed: false });
    node.rounds(3);
    const trained: (string | undefined)[] = [];
    for (let round = 0; round < 20; round++) {
      trained.push(trains(node));
      if (trains(node) === 'upper') node.inTime();
      else node.rounds(1);
    }
    const runs = trained.map((part) => (part === 'whole' ? 'W' : '.')).join('');
    expect(runs).toBe(`${'.'.repeat(4)}W${'.'.repeat(8)}W${'.'.repeat(6)}`);
    expect(told(node).slice(0, 3)).toMatchObject([
      { part: 'upper', why: { kind: 'late' } },
      { part: 'whole', why: { kind: 'trial' } },
      { part: 'upper', why: { kind: 'late' } },
    ]);
  });

  test('a trial that is in time ends them, and the next wait is the shortest again', () => {
    const node = nodeWith({ isTimed: false });
    node.rounds(3);
    for (let round = 0; round < 6; round++) node.inTime();
    expect(trains(node)).toBe('whole');
    node.rounds(2);
    expect(trains(node)).toBe('upper');
    expect(node.session.part?.trial).toEqual({ left: 4, waited: 4 });
  });

  test('a timed run needs no trial', () => {
    const node = nodeWith();
    node.rounds(3);
    for (let round = 0; round < 40; round++) node.inTime();
    expect(trains(node)).toBe('upper');
  });
});

test('a device without the memory for the whole model says so, and never goes to it', () => {
  for (const isTimed of [true, false]) {
    const node = new SlowNode();
    const limits = { ...granted, isTimed, fitsWhole: false, trainingBytes: 9e9 };
    node.hear({ kind: 'granted', granted: limits, part: 'upper' });
    expect(told(node)).toMatchObject([{ round: 0, part: 'upper', why: { kind: 'memory', bytes: 9e9 } }]);
    for (let round = 0; round < 20; round++) planned(node, 10, 0);
    expect(trains(node)).toBe('upper');
  }
});

test('a run that grants no part changes nothing', () => {
  const node = new SlowNode();
  planned(node, 5000, 0);
  expect(node.session.part).toBeNull();
  expect(node.rounds(4)).toEqual([true, true, false, false]);
});
