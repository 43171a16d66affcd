import { expect, test } from 'vitest';
import { parseMergeRecipe } from '../../../../client/derive/merge/recipe.ts';

const parse = (text: string) => parseMergeRecipe(text, 'merge.yaml');

const slerp = `merge_method: slerp
base_model: a
models: [{ model: a }, { model: b }]
parameters:
  t:
    - filter: self_attn
      value: [0, 0.5, 1]
    - filter: mlp
      value: [1, 0]
    - value: 0.25
dtype: bfloat16
`;

test("mergekit's filters and lists along the layers give each tensor its fraction", () => {
  const { models, base, type, methodOf } = parse(slerp);
  expect({ models, base, type }).toEqual({ models: ['a', 'b'], base: null, type: 'BF16' });
  const fraction = (tensor: string, layers = 5) => {
    const method = methodOf(tensor, layers);
    return method.kind === 'slerp' ? method.fraction : null;
  };
  const attention = [0, 1, 2, 4].map((layer) => fraction(`model.layers.${layer}.self_attn.q_proj.weight`));
  expect(attention).toEqual([0, 0.25, 0.5, 1]);
  expect(fraction('model.layers.1.mlp.up_proj.weight')).toBe(0.75);
  expect(fraction('model.layers.0.mlp.up_proj.weight', 1)).toBe(0);
  expect(fraction('model.norm.weight')).toBe(0.25);
  const whole = parse(slerp.replace(/ {2}t:\n.*dtype/s, '  t: [0.2, 0.6]\ndtype')).methodOf;
  expect(whole('model.embed_tokens.weight', 5)).toEqual({ kind: 'slerp', fraction: 0.2 });
  expect(whole('lm_head.weight', 5)).toEqual({ kind: 'slerp', fraction: 0.6 });
});

const ties = `models:
  - model: base
  - model: a
    parameters: { weight: 0.5, density: 0.4 }
  - model: b
merge_method: ties
base_model: base
parameters:
  weight: 0.3
  int8_mask: true
`;

test("TIES leaves the base out of the models; a model's own parameters go before the shared; defaults are mergekit's", () => {
  const { models, base, ignored, methodOf } = parse(ties);
  expect({ models, base }).toEqual({ models: ['a', 'b'], base: 'base' });
  expect(ignored).toEqual([{ key: 'int8_mask', line: 10 }]);
  const own = { weights: [0.5, 0.3], densities: [0.4, 1], lambda: 1, seed: 0 };
  expect(methodOf('x', 1)).toEqual({ kind: 'ties', normalize: true, ...own });
  const dare = parse(ties.replace('ties', 'dare_ties').concat('seed: 7\n'));
  expect(dare.methodOf('x', 1)).toEqual({ kind: 'dare-ties', normalize: false, ...own, seed: 7 });
});

test('the hash changes with what changes the result, and with nothing else', () => {
  const { hash } = parse(ties);
  expect(parse(ties.replaceAll('model: a', 'model: elsewhere/a').replace('int8_mask: true', '')).hash).toBe(
    hash,
  );
  for (const [from, to] of [
    ['weight: 0.3', 'weight: 0.4'],
    ['density: 0.4', 'density: 0.5'],
    ['merge_method: ties', 'merge_method: dare_ties'],
    ['base_model: base', 'base_model: base\nseed: 1'],
    ['base_model: base', 'base_model: base\ndtype: float16'],
  ] as const)
    expect(parse(ties.replace(from, to)).hash).not.toBe(hash);
});

test.each([
  ['slices: [{ sources: [] }]', 'line 1: slices cannot be merged here: name whole models in models'],
  [
    'merge_method: passthrough\nmodels: [{ model: a }]',
    'line 1: merge_method must be one of linear, slerp, ties, dare_ties',
  ],
  [
    'merge_method: ties\nmodels: [{ model: a }]',
    'line 1: ties needs base_model, the model that the others were trained from',
  ],
  [
    slerp.replace('{ model: b }', '{ model: b }, { model: c }'),
    'line 3: models must name one model besides base_model, and has 2',
  ],
  [
    ties.replace('density: 0.4', 'density: 1.4'),
    'line 4: models.1.parameters.density must be a number from 0 to 1',
  ],
  [ties.replace('density', 'densty'), 'line 4: models.1.parameters.densty is no known key; is it density?'],
  [ties.concat('tokenizer_source: union\n'), 'line 11: tokenizer_source must be one of base'],
])('%j is refused with its line', (text, message) => {
  expect(() => parse(text)).toThrow(
    expect.objectContaining({ code: 'recipe.invalid', message: expect.stringContaining(message) }),
  );
});

test('a parameter without a value for a tensor is refused by both names', () => {
  const some = slerp.replace('    - value: 0.25\n', '');
  expect(() => parse(some).methodOf('model.norm.weight', 2)).toThrow(
    'parameters.t is missing for model.norm.weight',
  );
  const none = ties.replace('  weight: 0.3\n', '');
  expect(() => parse(none).methodOf('x', 2)).toThrow('line 5: models.2.parameters.weight is missing for x');
});
