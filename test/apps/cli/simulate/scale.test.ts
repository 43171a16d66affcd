import { expect, test } from 'vitest';
import { parseChurnTrace } from '../../../../apps/cli/simulate/scale/churn-trace.ts';
import { deviceClasses } from '../../../../apps/cli/simulate/scale/device-classes.ts';
import { scaleFacts, scaleText } from '../../../../apps/cli/simulate/scale/report.ts';
import { type ScaleOptions, ScaleRun } from '../../../../apps/cli/simulate/scale/scale-run.ts';

const options: ScaleOptions = {
  ...{ seed: 3, nodes: 300, parameters: 1_000_000, rounds: 3, localSteps: 10, tokensPerStep: 1000 },
  ...{ deadlineMs: 600_000, graceMs: 60_000, graceShare: 50, quorum: 10 },
  ...{ uplinkBits: 8, downlinkBits: 32, relayMbit: 1000, loss: 1, timed: null, trace: null },
};

function ran(change: Partial<ScaleOptions> = {}): ScaleRun {
  const run = new ScaleRun({ ...options, ...change });
  while (run.advance(10_000));
  return run;
}

test('one seed gives one run, and another gives another', () => {
  const facts = [3, 3, 4].map((seed) => JSON.stringify(scaleFacts(ran({ seed }))));
  expect(facts[1]).toBe(facts[0]);
  expect(facts[2]).not.toBe(facts[0]);
});

test('a run counts its bytes, tokens and shares', () => {
  const run = ran();
  const facts = scaleFacts(run);
  expect(facts.rounds).toHaveLength(3);
  const contributions = facts.rounds.reduce((sum, round) => sum + round.contributions, 0);
  expect(facts.rounds.map(({ tokens }) => tokens)).toEqual(
    facts.rounds.map((round) => round.contributions * 10_000),
  );
  // Each contribution went up once, 8 bits a parameter; some that came too late did as well.
  expect(facts.bytesUp).toBeGreaterThan(contributions * 1_000_000);
  expect(facts.bytesUp).toBeLessThan(2 * contributions * 1_000_000);
  expect(facts.classes.reduce((sum, { share }) => sum + share, 0)).toBe(100);
  for (const { counted, goodput } of facts.classes) {
    expect(counted).toBeGreaterThan(0);
    expect(counted).toBeLessThanOrEqual(1);
    expect(goodput).toBeGreaterThan(0);
    expect(goodput).toBeLessThanOrEqual(1);
  }
  for (const { name } of deviceClasses) expect(scaleText(run)).toContain(name);
});

test('slow devices count less where rounds are of fixed steps, and small ones cannot take part', () => {
  const [phone, , , desktop] = scaleFacts(
    ran({
      parameters: 100_000_000,
      localSteps: 30,
      deadlineMs: 3_600_000,
      relayMbit: 100_000,
      uplinkBits: 0.25,
    }),
  ).classes;
  expect(phone?.holdsModel).toBe(false);
  expect(phone?.counted).toBeNull();
  expect(desktop?.counted).toBeGreaterThan(0.5);
});

test('in timed rounds each device does the steps that it has time for', () => {
  const change = {
    parameters: 3_000_000,
    localSteps: 30,
    deadlineMs: 900_000,
    relayMbit: 100_000,
    rounds: 6,
  };
  const facts = scaleFacts(ran({ ...change, uplinkBits: 0.25, timed: { leastSteps: 1, stretch: 200 } }));
  const steps = facts.classes.map(
    ({ tokens, there, counted }) => tokens / 1000 / (6 * there * (counted ?? 0)),
  );
  const [phone = 0, , laptop = 0, , server = 0] = steps;
  expect(phone).toBeGreaterThanOrEqual(1);
  expect(laptop).toBeGreaterThan(3 * phone);
  expect(server).toBeGreaterThan(laptop);
  expect(server).toBeLessThanOrEqual(30);
  // The rounds of a crowd do not swing: one that most contribute to is followed by another.
  const counts = facts.rounds.map(({ contributions }) => contributions);
  for (const [i, count] of counts.slice(1).entries()) expect(count).toBeGreaterThan(0.75 * (counts[i] ?? 0));
});

test('where the line of the relay is full, a timed round lasts until nearly all devices have their base and count', () => {
  const change = { nodes: 200, localSteps: 30, deadlineMs: 3_600_000, relayMbit: 6, rounds: 7 };
  const { rounds } = scaleFacts(ran({ ...change, timed: { leastSteps: 1, stretch: 200 } }));
  // The first is planned by the first devices that report.
  for (const { contributions, present } of rounds.slice(1))
    expect(contributions).toBeGreaterThan(0.9 * present);
});

test('a trace says who comes, goes and is cut off', () => {
  const lines = ['seconds,node,change', '0,0,up', '30,1,down', '40.5,2,cut', '100,2,heal'];
  const trace = parseChurnTrace(`${lines.join('\n')}\n`, 3, 'churn.csv');
  expect(trace[2]).toEqual({ at: 40_500, node: 2, change: 'cut' });
  const run = ran({ nodes: 3, quorum: 1, trace, rounds: 300, localSteps: 200 });
  expect(run.world.nodes.map(({ runs, session }) => runs || session.ended)).toEqual([true, false, true]);
  expect(run.measured.rounds.at(-1)?.contributions).toBeLessThan(3);
});

test.each([
  ['seconds,node', 'does not begin'],
  ['seconds,node,change\n1,3,up', 'beyond'],
  ['seconds,node,change\n2,0,up\n1,0,down', 'before'],
  ['seconds,node,change\n1,0,away', 'line 2'],
  ['seconds,node,change\n1e3,0,up', 'line 2'],
  ['seconds,node,change\n\u001b[2J,0,up', 'u{1b}'],
])('a trace that is not one is refused: %j', (text, problem) => {
  expect(() => parseChurnTrace(text, 3, 'churn.csv')).toThrow(problem);
  expect(() => parseChurnTrace(text, 3, 'churn.csv')).toThrow(
    expect.objectContaining({ code: 'simulate.trace' }),
  );
});
