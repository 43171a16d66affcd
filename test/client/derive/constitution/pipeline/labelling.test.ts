import { expect, test } from 'vitest';
import { parseConstitution } from '../../../../../client/derive/constitution/constitution.ts';
import { examplePairs } from '../../../../../client/derive/constitution/pipeline/examples.ts';
import { byPrompt, labelAnswers } from '../../../../../client/derive/constitution/pipeline/label.ts';
import {
  checkLabeller,
  type Labeller,
  measureLabeller,
  requireAccurate,
  usualLabellerLimits,
} from '../../../../../client/derive/constitution/pipeline/labeller.ts';
import { measureOpinions } from '../../../../../client/derive/constitution/pipeline/opinions.ts';
import { pairSchema, parseRows } from '../../../../../client/derive/constitution/pipeline/rows.ts';

const { principles } = parseConstitution(
  `principles:
  - { id: plain, text: No thou., check: '(?i)\\bthou\\b', weight: 1 }
  - { id: short, text: At most five letters., check: '.{6}', weight: 3 }
  - { id: unchecked, text: Be kind. }`,
  'c.yaml',
);
const [plain, short, unchecked] = principles;
if (plain === undefined || short === undefined || unchecked === undefined) throw new Error('there are three');
const answer = (prompt: string, completion: string) => ({ prompt, completion });

test('a check scores what it finds, and a principle without one is refused by name', async () => {
  expect(await checkLabeller.scores(plain, [answer('', 'You'), answer('', 'Thou art')])).toEqual([0, -1]);
  await expect(checkLabeller.scores(unchecked, [])).rejects.toMatchObject({ code: 'constitution.no-check' });
});

test('principles vote with their weights for the best and against the worst answer', async () => {
  const rows = [
    answer('a', 'thou'),
    answer('a', 'a long answer'),
    answer('b', 'thou art long'),
    answer('a', 'you'),
    answer('b', 'thou wert long'),
    answer('c', 'alone'),
    answer('a', 'thou'),
  ];
  expect(await labelAnswers(byPrompt(rows), [plain, short], checkLabeller)).toEqual([
    { prompt: 'a', chosen: 'you', rejected: 'a long answer', principles: ['short'], gap: 3 },
    { prompt: 'b', none: 'alike' },
    { prompt: 'c', none: 'few-answers' },
  ]);
});

/** Prefers what comes later in the alphabet, and cannot say of what is empty. */
const alphabet: Labeller = {
  kind: 'judge',
  scores: async (_, answers) =>
    answers.map(({ completion }) => (completion === '' ? null : String(completion).charCodeAt(0))),
};

test('a labeller is measured on pairs, and refused where it is often wrong or hardly measured', async () => {
  const pair = (chosen: string, rejected: string) => ({ prompt: '', chosen, rejected });
  const measured = await measureLabeller(alphabet, plain, [
    pair('z', 'a'),
    pair('a', 'z'),
    pair('z', 'z'),
    pair('y', ''),
  ]);
  expect(measured).toMatchObject({ pairs: 3, unscored: 1, accuracy: 0.5 });
  expect(await measureLabeller(alphabet, plain, [pair('', '')])).toMatchObject({ pairs: 0, accuracy: 0 });
  const good = { pairs: 20, unscored: 0, accuracy: 0.8, border: 0 };
  expect(() => requireAccurate(good, usualLabellerLimits)).not.toThrow();
  expect(() => requireAccurate({ ...good, accuracy: 0.79 }, usualLabellerLimits)).toThrow(
    expect.objectContaining({ code: 'constitution.inaccurate' }),
  );
  expect(() => requireAccurate({ ...good, pairs: 19 }, usualLabellerLimits)).toThrow(
    expect.objectContaining({ code: 'constitution.few-pairs' }),
  );
});

test('no example is both learnt and measured on', () => {
  const texts = (side: string) => Array.from({ length: 40 }, (_, index) => `${side} ${index}`);
  const principle = { ...plain, follows: texts('good'), breaks: texts('bad') };
  const [train, heldOut] = [examplePairs(principle, 'train'), examplePairs(principle, 'held-out')];
  const all = (pairs: typeof train) => new Set(pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]));
  expect([...all(train)].filter((text) => all(heldOut).has(text))).toEqual([]);
  expect(all([...train, ...heldOut]).size).toBe(80);
  expect(heldOut.length).toBeGreaterThan(20);
  expect(
    train.every(
      ({ chosen, rejected }) => String(chosen).startsWith('good') && String(rejected).startsWith('bad'),
    ),
  ).toBe(true);
  const many = {
    ...plain,
    follows: Array.from({ length: 200 }, (_, i) => `g${i}`),
    breaks: Array.from({ length: 200 }, (_, i) => `b${i}`),
  };
  expect(examplePairs(many, 'train').length).toBeLessThanOrEqual(4096);
});

test('opinions on pairs are split by the prompt', async () => {
  const pairs = Array.from({ length: 60 }, (_, index) => ({
    prompt: `question ${index}`,
    chosen: 'you',
    rejected: index % 3 === 0 ? 'your' : 'thou',
  }));
  const { train, heldOut } = await measureOpinions(checkLabeller, plain, pairs, 0.3);
  expect(train.length + heldOut.length).toBe(60);
  expect(heldOut.length).toBeGreaterThan(5);
  expect([...Array.from(train), ...Array.from(heldOut)].filter((each) => each === 1)).toHaveLength(40);
});

test('a line that is no row is refused with its number', () => {
  const line = JSON.stringify({ prompt: 'a', chosen: 'b', rejected: 'c', note: 'kept' });
  expect(parseRows(pairSchema, `${line}\n\n${line}`, 'pairs.jsonl')).toHaveLength(2);
  for (const bad of ['{', '{"prompt": "a"}', '[]'])
    expect(() => parseRows(pairSchema, `${line}\n${bad}`, 'pairs.jsonl')).toThrow(
      expect.objectContaining({ code: 'constitution.rows', message: expect.stringContaining('line 2') }),
    );
});
