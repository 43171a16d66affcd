import { expect, test } from 'vitest';
import { parseRecipe } from '../../../../client/derive/recipe/recipe.ts';
import { changeRecipe, readForm } from '../../../../client/derive/recipe/recipe-form.ts';

const written = `# mine
base_model: small
seed: 7
stages:
  - kind: prefer # pairs
    datasets: [{path: [a.jsonl, b.jsonl]}, {path: c.jsonl}]
    rl: ipo
    learning_rate: 1e-4
    replay: {share: 0.2, corpora: Romance}
`;

test('the form shows the choices of the first stage', () => {
  expect(readForm(written)).toEqual({
    base: 'small',
    kind: 'prefer',
    datasets: ['a.jsonl', 'b.jsonl', 'c.jsonl'],
    adapter: 'none',
    rank: null,
    learningRate: 1e-4,
    epochs: null,
    replay: 0.2,
    replayText: [],
    replayCorpora: ['Romance'],
    ...{ constitution: null, protectedFile: null, hasOwnRules: false, rewardFunction: null, rewards: 0 },
  });
  expect(readForm('a: [')).toBeNull();
  expect(readForm('')).toMatchObject({ base: '', kind: 'instruct', datasets: [] });
  expect(readForm('base_model: x\nadapter: lora\nreplay: 0.1')).toMatchObject({
    adapter: 'lora',
    replay: 0.1,
  });
});

test('a change keeps comments and every other key, and gives a recipe that is read', () => {
  const changed = changeRecipe(written, {
    adapter: 'lora',
    rank: 4,
    epochs: 3,
    learningRate: null,
    replay: 0.5,
  });
  expect(changed).toContain('# mine');
  expect(changed).toContain('# pairs');
  const { seed, stages } = parseRecipe(changed, 'recipe.yaml');
  expect(seed).toBe(7);
  expect(stages[0]).toMatchObject({
    kind: 'prefer',
    datasets: ['a.jsonl', 'b.jsonl', 'c.jsonl'],
    epochs: 3,
    learningRate: null,
    preference: { loss: 'ipo' },
    replay: { share: 0.5, text: [], corpora: ['Romance'] },
  });
  expect(stages[0]?.adapter?.rank).toBe(4);
});

test('a recipe can be made by choices alone', () => {
  const made = changeRecipe('stages:\n  - kind: instruct\n', {
    base: 'small',
    datasets: ['a.jsonl'],
    replay: 0.3,
    replayText: ['b.txt'],
  });
  expect(parseRecipe(made, 'recipe.yaml')).toMatchObject({
    baseModel: 'small',
    stages: [{ kind: 'instruct', datasets: ['a.jsonl'], replay: { share: 0.3, text: ['b.txt'] } }],
  });
  expect(parseRecipe(changeRecipe(made, { replay: 0 }), 'r').stages[0]?.replay.share).toBe(0);
  expect(readForm(changeRecipe(made, { datasets: [] }))?.datasets).toEqual([]);
  expect(readForm(changeRecipe('', { base: 'b' }))?.base).toBe('b');
});

test('rules, constitutions and reward functions are named and taken out, and what belongs to them stays', () => {
  const named = changeRecipe(written, { constitution: 'c.yaml', protectedFile: 'r.yaml' });
  expect(parseRecipe(named, 'recipe.yaml')).toMatchObject({
    constitution: { path: 'c.yaml' },
    protected: 'r.yaml',
  });
  expect(readForm(named)).toMatchObject({ constitution: 'c.yaml', protectedFile: 'r.yaml' });
  const without = changeRecipe(named, { constitution: null, protectedFile: null });
  expect(parseRecipe(without, 'recipe.yaml')).toMatchObject({ constitution: null, protected: [] });

  const signed = `${written}constitution: {path: old.yaml, boards: [council]}\n`;
  expect(parseRecipe(changeRecipe(signed, { constitution: 'c.yaml' }), 'recipe.yaml').constitution).toEqual({
    ...{ path: 'c.yaml', boards: ['council'], keys: [] },
  });

  const rewarded = changeRecipe('base_model: small\nstages:\n  - kind: reinforce\n', {
    datasets: ['a.jsonl'],
    replay: 0,
    rewardFunction: 'f.js',
  });
  const rulesOf = (text: string) => parseRecipe(text, 'recipe.yaml').stages[0]?.reinforce?.rules;
  expect(rulesOf(rewarded)).toMatchObject([{ kind: 'function', path: 'f.js' }]);
  const weighed = rewarded.replace('path: f.js', 'path: f.js\n        weight: 2');
  expect(rulesOf(changeRecipe(weighed, { rewardFunction: 'g.js' }))).toMatchObject([
    { path: 'g.js', weight: 2 },
  ]);
  expect(readForm(changeRecipe(rewarded, { rewardFunction: null }))).toMatchObject({
    ...{ rewardFunction: null, rewards: 0 },
  });
});
