import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRecipe } from '../../../../client/derive/recipe/recipe.ts';
import { ignoredKeys } from '../../../../client/derive/recipe/schema.ts';
import { TapestryError } from '../../../../client/errors.ts';

const parse = (text: string) => parseRecipe(text, 'recipe.yaml');

function refused(text: string): { code: string; message: string; next: string } {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof TapestryError) return error;
    throw error;
  }
  throw new Error('the recipe was read');
}

const axolotl = `
base_model: ./llama
load_in_8bit: false
datasets:
  - path: train.jsonl
    type: chat_template
adapter: lora
lora_r: 16
lora_alpha: 32
lora_target_modules:
  - q_proj
  - v_proj
sequence_len: 512
sample_packing: true
val_set_size: 0.05
learning_rate: 2e-4
num_epochs: 3
micro_batch_size: 4
gradient_accumulation_steps: 2
bf16: auto
`;

test("Axolotl's keys are read as they are, and those without a meaning here are told", () => {
  const { baseModel, stages, ignored } = parse(axolotl);
  expect(baseModel).toBe('./llama');
  expect(stages).toMatchObject([
    {
      kind: 'instruct',
      datasets: ['train.jsonl'],
      adapter: { rank: 16, alpha: 32, targets: ['q_proj', 'v_proj'] },
      sequence: 512,
      packing: true,
      heldOutShare: 0.05,
      learningRate: 2e-4,
      epochs: 3,
      batch: 8,
      accumulation: 2,
      replay: { share: 0.3 },
    },
  ]);
  expect(ignored).toEqual([
    { key: 'load_in_8bit', line: 3 },
    { key: 'bf16', line: 20 },
  ]);
});

test.each([
  ['rl: dpo', { kind: 'prefer', preference: { loss: 'dpo' } }],
  ['rl: simpo', { kind: 'prefer', preference: { loss: 'simpo' } }],
  ['rl:', { kind: 'instruct' }],
])('%s chooses the stage', (line, stage) => {
  expect(parse(`base_model: m\ndatasets: [{path: a.jsonl}]\n${line}\n`).stages).toMatchObject([stage]);
});

test('a dataset of type completion is continued', () => {
  expect(parse('base_model: m\ndatasets: [{path: a.jsonl, type: completion}]').stages[0]?.kind).toBe(
    'continue',
  );
});

test('the optimizer is muon or, under any other name, adamw; adapters are not for muon', () => {
  const stage = (lines: string) => parse(`base_model: m\ndatasets: [{path: a.jsonl}]\n${lines}`).stages[0];
  expect(stage('optimizer: muon')?.optimizer).toBe('muon');
  expect(stage('optimizer: paged_adamw_8bit')?.optimizer).toBe('adamw');
  expect(refused('base_model: m\noptimizer: muon\nadapter: lora\ndatasets: [{path: a}]').message).toContain(
    'line 2: muon trains whole matrices',
  );
});

test('rpo_alpha weighs the chosen answers of pairs, and is refused for labels', () => {
  const prefer = 'base_model: m\nrpo_alpha: 0.5\ndatasets: [{path: a}]\n';
  expect(parse(`${prefer}rl: ipo`).stages[0]?.preference).toMatchObject({ loss: 'ipo', likelihood: 0.5 });
  expect(refused(`${prefer}rl: kto`).message).toContain('line 2: rpo_alpha');
});

test('stages inherit what is said at the top, and overrule it', () => {
  const { stages } = parse(`
base_model: m
learning_rate: '1e-3'
replay: {share: 0.5, corpora: Romance}
stages:
  - {kind: continue, datasets: [{path: [a.jsonl, b.jsonl]}]}
  - {kind: instruct, datasets: [{path: c.jsonl}], learning_rate: 5e-4, replay: 0}
`);
  expect(stages).toMatchObject([
    { learningRate: 1e-3, datasets: ['a.jsonl', 'b.jsonl'], replay: { share: 0.5, corpora: ['Romance'] } },
    { learningRate: 5e-4, replay: { share: 0, corpora: [] } },
  ]);
});

test('overrides replace the value of a key in every stage, and are checked as the recipe is', () => {
  const text = `base_model: m
stages:
  - {kind: continue, datasets: [{path: a.jsonl}]}
  - {kind: instruct, datasets: [{path: c.jsonl}], learning_rate: 5e-4}
`;
  const { stages } = parseRecipe(text, 'recipe.yaml', new Map([['learning_rate', '3e-4']]));
  expect(stages.map(({ learningRate }) => learningRate)).toEqual([3e-4, 3e-4]);
  expect(() => parseRecipe(text, 'recipe.yaml', new Map([['learning_rate', 'fast']]))).toThrow(
    expect.objectContaining({
      code: 'recipe.invalid',
      message: expect.stringContaining('learning_rate must be'),
    }),
  );
  expect(() => parseRecipe(text, 'recipe.yaml', new Map([['speed', '1']]))).toThrow(
    expect.objectContaining({ code: 'recipe.invalid' }),
  );
});

test('a cost of divergence is read in continue and instruct, and refused elsewhere', () => {
  const stages = (kind: string) =>
    `base_model: m\nstages:\n  - {kind: ${kind}, datasets: [{path: a.jsonl}], replay: 0, kl: 0.1}\n`;
  expect(parse(stages('continue')).stages).toMatchObject([{ kl: 0.1, replay: { share: 0 } }]);
  expect(parse('base_model: m\ndatasets: [{path: a.jsonl}]\n').stages).toMatchObject([{ kl: 0 }]);
  expect(refused(stages('prefer')).message).toContain('line 3: kl is of continue and instruct');
});

test('the hash is that of the values, whatever their order, comments and folders', () => {
  const { hash } = parse('base_model: m\nseed: 3\ndatasets: [{path: a.jsonl}]\n');
  expect(parse('# mine\ndatasets:\n- path: a.jsonl\nseed: 3\noutput_dir: o\nbase_model: n\n').hash).toBe(
    hash,
  );
  expect(parse('base_model: m\nseed: 4\ndatasets: [{path: a.jsonl}]\n').hash).not.toBe(hash);
});

test('each fault is named with its line and what would be right', () => {
  const { code, message, next } = refused(`base_model: m
learnig_rate: 1e-4
datasets:
  - path: a.jsonl
    shards: 4
val_set_size: 2
stages:
  - kind: teach
  - kind: instruct
    num_epochs: many
`);
  expect(code).toBe('recipe.invalid');
  expect(message.split('\n').slice(1)).toEqual([
    '  line 2: learnig_rate is no known key; is it learning_rate?',
    '  line 5: datasets.0.shards is no known key',
    '  line 6: val_set_size must be a number from 0 to 0.9',
    '  line 8: stages.0.kind must be one of continue, instruct, prefer, reward, reinforce',
    '  line 10: stages.1.num_epochs must be a number from 0.001 to 100000',
  ]);
  expect(next).toContain('docs/recipe.md');
});

test.each([
  ['grpo', { low: 0.2, high: 0.2, beta: 0.04, ratio: 'token', mean: 'sequences' }, true],
  ['dapo', { low: 0.2, high: 0.28, beta: 0, ratio: 'token', mean: 'tokens' }, true],
  ['gspo', { low: 0.2, high: 0.28, beta: 0, ratio: 'sequence', mean: 'sequences' }, true],
  ['dr_grpo', { low: 0.2, high: 0.2, beta: 0, ratio: 'token', mean: { longest: 9 } }, false],
])('rl: %s is a reinforce stage with the settings of its paper', (rl, loss, scaled) => {
  const text = `base_model: m\ndatasets: [{path: a}]\nrl: ${rl}\nrewards: [{kind: exact}]\ntrl: {max_completion_length: 9}\n`;
  expect(parse(text).stages).toMatchObject([
    {
      kind: 'reinforce',
      metric: 'reward',
      batch: 24,
      reinforce: { rules: [{ kind: 'exact', weight: 1 }], loss, scaled, group: 8, longest: 9, updates: 1 },
    },
  ]);
  expect(parse(`${text}rl_beta: 0.5\n`).stages[0]?.reinforce?.loss.beta).toBe(0.5);
});

test.each([
  ['', 'base_model is missing'],
  ['- a\n- b\n', 'line 1: it must be a mapping of keys to values'],
  ['base_model: m\n', 'datasets is missing'],
  ['base_model: m\nstages:\n  - kind: instruct\n', 'line 3: datasets is missing'],
  ['base_model: m\ndatasets: [{path: a}]\nmicro_batch_size: 1\n', 'line 3: a step of 1 rows has no room'],
  ['base_model: m\ndatasets: [{path: a}]\nrl: dpo\nmicro_batch_size: 2\n', 'room for a pair and base text'],
  ['base_model: m\ndatasets: [{path: a}]\nrl: grpo\n', 'rewards is missing'],
  ['base_model: m\ndatasets: [{path: a}]\nrl: grpo\nrewards: [{kind: pattern, pattern: "("}]\n', 'regular'],
  [
    'base_model: m\ndatasets: [{path: a}]\nrl: dapo\nrewards: [{kind: exact}]\nmicro_batch_size: 8\n',
    'line 5: a step of 8 rows has no room for a group of 8 completions',
  ],
  [
    'base_model: m\nstages:\n - kind: reinforce\n   datasets: [{path: a}]\n   rl: kto\n   rewards: [{kind: exact}]\n',
    'line 5: kto does not train on rewards',
  ],
  ['base_model: m\ndatasets: [{path: a}]\nadapter: loha\n', 'line 3'],
  [
    'base_model: m\ndatasets: [{path: a}]\nstages:\n - kind: reward\n - kind: instruct\n',
    'line 4: a reward model writes no text',
  ],
  ['base_model: m\ndatasets: [{path: a}]\nreward_model: true\nmicro_batch_size: 1\n', 'room for a pair'],
  [
    'base_model: m\ndatasets: [{path: a}]\nmetric_for_best_model: accuracy\n',
    'line 3: instruct does not measure accuracy: use one of loss, base_loss',
  ],
  [
    'base_model: m\nstages:\n - kind: prefer\n   datasets: [{path: a}]\n   rl: grpo\n',
    'line 5: grpo trains on rewards',
  ],
])('%j is refused: %s', (text, what) => {
  expect(refused(text)).toMatchObject({ code: 'recipe.invalid', message: expect.stringContaining(what) });
});

test.each(['a: [1, 2', 'a: 1\na: 2\n', '\tb: 1', `a: &a [x]\nb: [${'*a,'.repeat(200)}]`])(
  '%j is no YAML of a recipe',
  (text) => {
    expect(refused(text)).toMatchObject({
      code: 'recipe.yaml',
      message: expect.stringMatching(/line \d+: ./),
    });
  },
);

test('any text is read or refused by one of two codes', () => {
  const keys = fc.constantFrom('base_model', 'datasets', 'stages', 'replay', 'rl', ...ignoredKeys);
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.dictionary(keys, fc.jsonValue()).map((value) => JSON.stringify(value)),
    fc
      .array(fc.tuple(keys, fc.string()), { maxLength: 5 })
      .map((all) => all.map(([k, v]) => `${k}: ${v}`).join('\n')),
  );
  fc.assert(
    fc.property(text, (source) => {
      try {
        expect(parse(source).stages.length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(TapestryError);
        expect(error).toMatchObject({ code: expect.stringMatching(/^recipe\.(yaml|invalid)$/) });
      }
    }),
    { numRuns: 150 },
  );
});
