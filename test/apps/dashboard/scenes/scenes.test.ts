import fc from 'fast-check';
import { expect, test } from 'vitest';
import { learnPlan } from '../../../../apps/dashboard/scenes/learn-plan.ts';
import { actionOf, sceneNames } from '../../../../apps/dashboard/scenes/scene-keys.ts';
import { scriptedStatus } from '../../pages/scenarios.ts';

const now = 1_700_000_000_000;

test('a run of many corpora learns in one line, a band and three names', () => {
  const status = scriptedStatus({ rounds: 20, done: 10, nodes: 8, corpusCount: 8, now });
  const plan = learnPlan(status);
  if (plan === null) throw new Error('no plan');
  expect([plan.named.length, plan.others.length]).toEqual([3, 5]);
  const last = [...plan.named, ...plan.others].map(({ last }) => last);
  expect(plan.named[0]?.last).toBe(Math.min(...last));
  expect(plan.named[2]?.last).toBe(Math.max(...last));
  for (const [at, value] of plan.line.entries()) {
    const band = plan.band[at];
    if (value === null || !band) throw new Error('no value');
    expect(value).toBeGreaterThanOrEqual(band.low);
    expect(value).toBeLessThanOrEqual(band.high);
  }
  expect(plan.isProbe).toBe(false);
});

test('the line is the relay’s own measure where there is one', () => {
  const status = scriptedStatus({ rounds: 20, done: 4, nodes: 2, now });
  const history = status.history.map((row, at) => ({ ...row, probeLoss: 5 - at }));
  expect(learnPlan({ ...status, history })).toMatchObject({ isProbe: true, line: [5, 4, 3, 2] });
});

test('there is no line before two rounds have a loss', () => {
  for (const done of [0, 1]) expect(learnPlan(scriptedStatus({ rounds: 9, done, nodes: 2, now }))).toBeNull();
});

test('few corpora are each named once', () => {
  for (const corpusCount of [1, 2, 3]) {
    const plan = learnPlan(scriptedStatus({ rounds: 20, done: 8, nodes: 3, corpusCount, now }));
    expect(plan?.named.map(({ corpus }) => corpus).sort()).toEqual([0, 1, 2].slice(0, corpusCount));
    expect(plan?.others).toEqual([]);
  }
});

test('keys lead to scenes and commands, and no key does anything else', () => {
  expect(actionOf('3', 'join')).toEqual({ scene: 'learn' });
  expect(actionOf('PageDown', 'join')).toEqual({ scene: 'weave' });
  expect(actionOf('ArrowLeft', 'weave')).toEqual({ scene: 'join' });
  expect(actionOf('ArrowLeft', 'join')).toBeNull();
  expect(actionOf('ArrowRight', 'thanks')).toBeNull();
  expect(actionOf('Escape', 'learn')).toEqual({ leave: true });
  expect(actionOf('S', 'learn')).toEqual({ command: 'start' });
  const known = /^(?:[1-5]|Escape|[spmSPM]|ArrowLeft|ArrowRight|PageUp|PageDown)$/;
  fc.assert(
    fc.property(fc.string(), fc.constantFrom(...sceneNames), (key, scene) => {
      if (!known.test(key)) expect(actionOf(key, scene)).toBeNull();
    }),
  );
  for (const key of ['6', '0', 'Tab', 'Enter', 'constructor', 'toString'])
    expect(actionOf(key, 'weave')).toBeNull();
});
