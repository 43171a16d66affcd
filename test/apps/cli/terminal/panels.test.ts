import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { describe } from '../../../../apps/cli/commands/join-progress.ts';
import { bar, span, sparkLine } from '../../../../apps/cli/terminal/bar.ts';
import { JoinPanel } from '../../../../apps/cli/terminal/join-panel.ts';
import { prettyLine } from '../../../../apps/cli/terminal/log.ts';
import { runLine } from '../../../../apps/cli/terminal/run-line.ts';
import { hash, status } from './status.ts';

test('bars and spark lines keep their width and extremes', () => {
  expect([bar(0, 4), bar(0.5, 4), bar(1, 4), bar(7, 4)]).toEqual(['░░░░', '██░░', '████', '████']);
  expect(sparkLine([9, 3, 2, 1], 3)).toBe('█▅▁');
  expect(sparkLine([2, 2], 5)).toBe('▁▁');
  expect(sparkLine([Number.NaN, 1], 5)).toBe('▁');
  expect(sparkLine([], 5)).toBe('');
  expect([span(1500), span(600_000), span(9_000_000)]).toEqual(['2 s', '10 min', '2.5 h']);
});

test('a node says what of the model it trains from now on, and why', () => {
  const time = {
    kind: 'time',
    trainingMilliseconds: 4100,
    uploadMilliseconds: 250,
    lastsMilliseconds: 3000,
  } as const;
  const change = { event: 'part', round: 3, layers: 1, of: 4 } as const;
  const said = [
    describe({ ...change, part: 'upper', why: time }),
    describe({ ...change, part: 'whole', why: time }),
    describe({ ...change, part: 'upper', why: { kind: 'late', rounds: 2 } }),
    describe({ ...change, part: 'upper', why: { kind: 'memory', bytes: 2_500_000_000 } }),
    describe({ ...change, part: 'upper', why: { kind: 'memory', bytes: null } }),
    describe({ ...change, part: 'whole', why: { kind: 'trial' } }),
  ];
  const upper = 'This node now trains the upper 1 of 4 layers, and its contributions count there';
  const needs =
    'needs 4.1 s for the least steps and 0.3 s for the upload on this node, and a round lasts 3.0 s.';
  expect(said).toEqual([
    `${upper}: the whole model ${needs}`,
    `This node trains the whole model again: that ${needs}`,
    `${upper}: its work on the whole model came too late for 2 rounds in a row.`,
    `${upper}: its adapter lacks the memory to train the whole model, which takes 2.5 GB.`,
    `${upper}: its adapter lacks the memory to train the whole model.`,
    'This node tries whether the whole model is in time now.',
  ]);
});

test('the panel of a node shows progress, time left, the loss and what was sent', () => {
  const panel = new JoinPanel();
  expect(panel.lines()).toEqual([]);
  panel.hear({
    event: 'joined',
    run: hash,
    name: 'run',
    node: hash,
    corpus: null,
    round: 2,
    rounds: 4,
    base: hash,
    parameters: 10,
    localSteps: 10,
    tokensPerStep: 100,
    trainingBytes: 1,
  });
  panel.hear({ event: 'round', round: 2, base: hash, steps: 10, heldOutLoss: 3.5 });
  for (const [step, loss] of [
    [4, 3],
    [5, 2.5],
  ] as const)
    panel.hear({ event: 'step', round: 2, step, steps: 10, tokens: step * 100, loss, tokensPerSecond: 50 });
  panel.hear({ event: 'acknowledged', round: 1, payload: hash, tokens: 1, sequence: 1 });
  const sent = { join: 100, offer: 24, chunk: 900, heartbeat: 0, leave: 0 };
  panel.hear({ event: 'sent', bytes: sent, received: 1512 });
  expect(panel.lines()).toEqual([
    `round 2/4 ${bar(0.5, 20)} 10 s left, the run at least 50 s`,
    'loss 2.500 █▁ held out 3.500',
    'sent 1.02 kB in 1 contribution, received 1.51 kB; no text was sent',
  ]);
  for (const line of panel.lines()) expect(line.length).toBeLessThan(80);
  panel.hear({ event: 'following', round: 2, was: 'training', steps: 5, localSteps: 10, rounds: 4 });
  expect(panel.lines()[0]).toBe('round 2/4 too slow: follows 4 rounds, then takes part again');
  panel.hear({ event: 'round', round: 4, base: hash, steps: 10, heldOutLoss: 3.5 });
  expect(panel.lines()[0]).toContain(bar(0.5, 20));
  const last = { event: 'last-base', round: 4, base: hash, heldOutLoss: 2.25 } as const;
  panel.hear(last);
  expect(panel.lines()[1]).toContain('held out 2.250');
  expect(describe(last)).toBe('The run’s last base: held-out loss 2.2500.');
});

test('a node that is too slow says in numbers at what a round left it', () => {
  const facts = { event: 'following', round: 7, steps: 3, localSteps: 30, rounds: 2 } as const;
  expect(describe({ ...facts, was: 'training' })).toBe(
    'Round 7 closed when this node had done 3 of 30 steps. This node now only follows the run, and takes part again after 2 rounds.',
  );
  expect(describe({ ...facts, was: 'syncing' })).toContain('while this node was still fetching its base');
  expect(describe({ ...facts, was: 'sending' })).toContain('had done 3 steps and was still sending');
});

test('a node whose graphics card cannot encode says why', () => {
  expect(describe({ event: 'encoding-on-processor', reason: 'device.too-small' })).toBe(
    'The graphics card cannot encode deltas (device.too-small), so the processor does: they are the same, and take longer to make.',
  );
});

test('a run says how far it is, and how long it takes at the pace of its last rounds', () => {
  expect(runLine(status)).toBe(`${bar(0.15, 20)} 3 of 20 rounds`);
  const row = { contributions: 1, excluded: 0, tokens: 1, probeLoss: null, heldOutLoss: [], base: hash };
  const history = [1, 2, 3].map((round) => ({
    ...row,
    round,
    trainingLoss: 4 - round,
    committedAt: round * 10_000,
  }));
  expect(runLine({ ...status, history })).toBe(`${bar(0.15, 20)} 3 of 20 rounds about 3 min left, loss █▅▁`);
});

test('an entry of the log becomes one line without control characters', () => {
  const entry = {
    level: 40,
    time: 0,
    pid: 1,
    hostname: 'h',
    msg: 'refused\n\u001b[2J',
    code: 'stale-base',
    node: 3,
  };
  const line = stripVTControlCharacters(prettyLine(JSON.stringify(entry)));
  expect(line).toMatch(/^\d\d:\d\d:\d\d warning refused \\u\{1b\}\[2J code=stale-base node=3$/);
});
