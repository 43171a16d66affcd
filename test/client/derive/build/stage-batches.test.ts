import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ignoredTarget } from '../../../../client/data/batch.ts';
import { byteTokenizer } from '../../../../client/data/tokenizer.ts';
import { WordTokens } from '../../../../client/data/tokens.ts';
import { examplesOf } from '../../../../client/derive/build/examples.ts';
import { StageBatches } from '../../../../client/derive/build/stage-batches.ts';
import type { Row } from '../../../../client/derive/data/row.ts';

const { beginning, end, encode } = byteTokenizer;
const instruct = { kind: 'instruct', trainsOnPrompts: false } as const;
const base = { tokens: WordTokens.of(Uint32Array.from({ length: 500 }, (_, i) => i % 250)), share: 0.3 };
const options = { shape: { batch: 4, sequence: 24 }, seed: 5, replay: null, packing: false };

const answers = (count: number): Row[] =>
  Array.from({ length: count }, (_, i) => ({
    form: 'answer',
    prompt: `${i}?`,
    completion: `${i}`.repeat(1 + (i % 3)),
  }));
const some = (count: number) => examplesOf(answers(count), instruct, byteTokenizer, 24).examples;

test('only the answer and the end of a row carry loss; with train_on_inputs all tokens but the first', () => {
  const rows: Row[] = [{ form: 'answer', prompt: 'ab', completion: 'c' }];
  const { examples } = examplesOf(rows, instruct, byteTokenizer, 8);
  expect(examples).toEqual([
    { tokens: Uint32Array.of(beginning, ...encode('abc'), end), carriesLoss: Uint8Array.of(0, 0, 0, 1, 1) },
  ]);
  const whole = examplesOf(rows, { ...instruct, trainsOnPrompts: true }, byteTokenizer, 8);
  expect(whole.examples[0]?.carriesLoss).toEqual(Uint8Array.of(0, 1, 1, 1, 1));
});

test('messages are written by the chat template, and the answers carry loss', () => {
  const messages = [
    { role: 'user', content: 'a' },
    { role: 'assistant', content: 'b' },
    { role: 'user', content: 'c' },
    { role: 'assistant', content: 'd' },
  ] as const;
  const answered = (rows: Row[]) => {
    const [example] = examplesOf(rows, instruct, byteTokenizer, 99).examples;
    return byteTokenizer.decode(
      [...(example?.tokens ?? [])].filter((_, at) => example?.carriesLoss[at] === 1),
    );
  };
  expect(answered([{ form: 'messages', messages }])).toBe('bd');
  // Earlier answers of a prompt are no targets.
  expect(answered([{ form: 'answer', prompt: messages.slice(0, 3), completion: messages.slice(3) }])).toBe(
    'd',
  );
  expect(answered([{ form: 'answer', prompt: 'a', completion: messages.slice(3) }])).toBe('d');
});

test('rows that are too long or of other columns are counted, and never cut', () => {
  const rows: Row[] = [
    { form: 'answer', prompt: '', completion: '1234567' },
    { form: 'answer', prompt: '', completion: '12345678' },
    { form: 'text', text: 'a' },
  ];
  const { examples, tooLong, unsuitable } = examplesOf(rows, instruct, byteTokenizer, 8);
  expect({ examples: examples.length, tooLong, unsuitable }).toEqual({
    examples: 1,
    tooLong: 1,
    unsuitable: 1,
  });
});

test('texts to continue are cut into windows in which every token but the first is a target once', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1 }), { minLength: 1 }),
      fc.integer({ min: 2, max: 9 }),
      (texts, sequence) => {
        const rows = texts.map((text): Row => ({ form: 'text', text }));
        const { examples } = examplesOf(rows, { ...instruct, kind: 'continue' }, byteTokenizer, sequence);
        const all = texts.flatMap((text) => [beginning, ...encode(text), end]);
        const targets = examples.flatMap(({ tokens }) => [...tokens.subarray(1)]);
        expect(targets).toEqual(all.slice(1));
        expect(examples.every(({ tokens }) => tokens.length <= sequence + 1)).toBe(true);
      },
    ),
    { numRuns: 50 },
  );
});

test.each([false, true])('an epoch has each target once (packing: %s)', (packing) => {
  const examples = some(40);
  const batches = new StageBatches(examples, { ...options, packing, replay: base });
  const epoch = Array.from({ length: batches.batchesPerEpoch }, () => batches.next());
  const own = epoch
    .flatMap(({ targets }) => [...targets.subarray(0, 3 * 24)])
    .filter((t) => t !== ignoredTarget);
  const expected = examples.flatMap(({ tokens, carriesLoss }) =>
    [...tokens].filter((_, at) => carriesLoss[at] === 1),
  );
  expect(own.toSorted()).toEqual(expected.toSorted());
  expect(epoch.length).toBe(packing ? 5 : 14);
});

test('base text has its share of the rows and of the loss, whatever the number of its targets', () => {
  const batches = new StageBatches(some(40), { ...options, shape: { batch: 8, sequence: 24 }, replay: base });
  const { weights = new Float32Array(), targets } = batches.next();
  const replayed = 2 * 24;
  const own = weights.subarray(0, -replayed);
  const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);
  expect(sum(own)).toBeCloseTo(0.7, 5);
  expect(sum(weights.subarray(-replayed))).toBeCloseTo(0.3, 5);
  expect(own.every((weight, at) => (weight === 0) === (targets[at] === ignoredTarget))).toBe(true);
});

test('a restored source gives the batches that the saved one would have given', () => {
  fc.assert(
    fc.property(fc.nat(30), fc.boolean(), fc.boolean(), fc.nat(1000), (steps, packing, replays, seed) => {
      const examples = some(17);
      const all = { ...options, seed, packing, replay: replays ? base : null };
      const batches = new StageBatches(examples, all);
      for (let step = 0; step < steps; step++) batches.next();
      const saved: unknown = JSON.parse(JSON.stringify(batches.save()));
      const restored = new StageBatches(examples, all);
      restored.restore(saved);
      for (let step = 0; step < 6; step++) expect(restored.next()).toEqual(batches.next());
    }),
    { numRuns: 40 },
  );
});

test('a position of other data or of another batch is refused', () => {
  const batches = new StageBatches(some(9), options);
  const saved = batches.save();
  expect(() => new StageBatches(some(8), options).restore(saved)).toThrow(
    expect.objectContaining({ code: 'sampler.changed' }),
  );
  expect(() => batches.restore({ ...saved, drawn: 1 })).toThrow(
    expect.objectContaining({ code: 'sampler.damaged' }),
  );
});
