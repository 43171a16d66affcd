import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CharacterKeys } from '../../../../apps/dashboard/presenter/character-keys.ts';
import { learnPlan } from '../../../../apps/dashboard/scenes/learn-plan.ts';
import {
  actionOf,
  asRead,
  type SceneName,
  sceneNames,
} from '../../../../apps/dashboard/scenes/scene-keys.ts';
import { scriptedStatus } from '../../../support/pages/scenarios.ts';

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

test('few corpora are each named once, and no strip of a single cell is left over', () => {
  for (const corpusCount of [1, 2, 3, 4]) {
    const plan = learnPlan(scriptedStatus({ rounds: 20, done: 8, nodes: 3, corpusCount, now }));
    expect(plan?.named.map(({ corpus }) => corpus).sort()).toEqual([0, 1, 2, 3].slice(0, corpusCount));
    expect(plan?.others).toEqual([]);
  }
});

test('keys lead to scenes and commands, and no key does anything else', () => {
  const pressed = (key: string, scene: SceneName) => actionOf(key, scene, true);
  expect(pressed('3', 'join')).toEqual({ scene: 'learn' });
  expect(pressed('PageDown', 'join')).toEqual({ scene: 'weave' });
  expect(pressed('ArrowLeft', 'weave')).toEqual({ scene: 'join' });
  expect(pressed('ArrowLeft', 'join')).toBeNull();
  expect(pressed('ArrowRight', 'thanks')).toBeNull();
  expect(pressed(asRead('ArrowLeft', 'rtl'), 'weave')).toEqual({ scene: 'learn' });
  expect(pressed(asRead('ArrowLeft', 'ltr'), 'weave')).toEqual({ scene: 'join' });
  expect(pressed('Escape', 'learn')).toEqual({ leave: true });
  expect(pressed('S', 'learn')).toEqual({ command: 'start' });
  expect(pressed('r', 'learn')).toEqual({ command: 'remove' });
  expect(pressed('E', 'learn')).toEqual({ command: 'end' });
  expect(pressed('n', 'speak')).toEqual({ nextPrompt: true });
  expect(pressed('n', 'learn')).toBeNull();
  const known = /^(?:[1-5]|Escape|[spmreSPMRE]|ArrowLeft|ArrowRight|PageUp|PageDown)$/;
  fc.assert(
    fc.property(fc.string(), fc.constantFrom(...sceneNames), (key, scene) => {
      const isNext = scene === 'speak' && /^[nN]$/.test(key);
      if (!known.test(key) && !isNext) expect(pressed(key, scene)).toBeNull();
    }),
  );
  for (const key of ['6', '0', 'Tab', 'Enter', 'constructor', 'toString'])
    expect(pressed(key, 'weave')).toBeNull();
});

test('with its character keys off, a presentation hears no key that types something', () => {
  for (const key of ['1', '5', 's', 'P', 'm', 'r', 'E']) expect(actionOf(key, 'weave', false)).toBeNull();
  expect(actionOf('ArrowRight', 'weave', false)).toEqual({ scene: 'learn' });
  expect(actionOf('PageUp', 'weave', false)).toEqual({ scene: 'join' });
  expect(actionOf('Escape', 'weave', false)).toEqual({ leave: true });
});

test('the choice of the character keys stays with the tab', () => {
  const stored = new Map<string, string>();
  const tab = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
  };
  const keys = new CharacterKeys(tab);
  expect(keys.areOn.value).toBe(true);
  keys.toggle();
  expect(new CharacterKeys(tab).areOn.value).toBe(false);
  keys.toggle();
  expect(new CharacterKeys(tab).areOn.value).toBe(true);
});
