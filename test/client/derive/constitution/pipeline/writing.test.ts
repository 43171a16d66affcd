import { expect, test } from 'vitest';
import { byteTokenizer } from '../../../../../client/data/tokenizer.ts';
import { parseConstitution } from '../../../../../client/derive/constitution/constitution.ts';
import { critiqueAnswers } from '../../../../../client/derive/constitution/pipeline/critique.ts';
import { checkLabeller } from '../../../../../client/derive/constitution/pipeline/labeller.ts';
import { writePrompts } from '../../../../../client/derive/constitution/pipeline/prompts.ts';
import { reviseAnswers } from '../../../../../client/derive/constitution/pipeline/revise.ts';
import { wordsLabeller } from '../../../../../client/derive/constitution/pipeline/words.ts';
import {
  modelWriter,
  type Request,
  type Writer,
} from '../../../../../client/derive/constitution/pipeline/writer.ts';
import { presets } from '../../../../../client/model/config.ts';
import { CpuDecoder } from '../../../../../client/model/generate/cpu-decoder.ts';
import { initialParameters, layoutOf } from '../../../../../client/model/parameters.ts';

const [principle] = parseConstitution(
  `principles: [{ id: plain, text: No thou., check: '(?i)\\bthou\\b' }]`,
  'c.yaml',
).principles;
if (principle === undefined) throw new Error('there is one');
const { signal } = new AbortController();

/** Writes what a function says, and remembers what it was asked. */
function scripted(text: (request: Request) => string): Writer & { readonly asked: Request[] } {
  const asked: Request[] = [];
  return {
    asked,
    async write(requests) {
      asked.push(...requests);
      return requests.map(text);
    },
  };
}

test('critiques say what breaks a principle, found or in words', async () => {
  const rows = [
    { prompt: 'a', completion: 'you are' },
    { prompt: 'b', completion: 'and Thou art' },
  ];
  const options = { labeller: checkLabeller, border: -0.5 };
  const found = await critiqueAnswers(rows, principle, { ...options, critic: null }, signal);
  expect(found.map(({ breaks, principle: id }) => [breaks, id])).toEqual([
    [false, 'plain'],
    [true, 'plain'],
  ]);
  expect(found[1]?.critique).toContain('"Thou"');
  const writer = scripted(() => ' It says thou. ');
  const critic = { writer, tokenizer: byteTokenizer };
  const [, worded] = await critiqueAnswers(rows, principle, { ...options, critic }, signal);
  expect(worded?.critique).toBe('It says thou.');
  // Only what breaks the principle is criticised, and the model sees the principle and the answer.
  expect(writer.asked).toHaveLength(1);
  const asked = JSON.stringify(writer.asked[0]?.prompt);
  expect(asked).toContain('No thou.');
  expect(asked).toContain('and Thou art');
});

test('a revision is the best of the attempts, and only where it is better than the answer', async () => {
  const rows = ['a', 'b'].map((prompt) => ({
    ...{ prompt, completion: 'thou', principle: 'plain', score: -1, breaks: true, critique: 'It says thou.' },
  }));
  const writer = scripted(({ prompt, attempt }) =>
    String(prompt).includes('a') && attempt % 4 === 2 ? ' you' : 'thou',
  );
  const options = {
    labeller: checkLabeller,
    critic: { writer, tokenizer: byteTokenizer },
    attempts: 4,
    by: 'again' as const,
  };
  expect(await reviseAnswers(rows, principle, options, signal)).toEqual([
    { prompt: 'a', completion: ' you', original: 'thou', principle: 'plain' },
    { prompt: 'b', none: 'no-better', original: 'thou', principle: 'plain' },
  ]);
  const asked = scripted(() => 'you');
  await reviseAnswers(
    rows,
    principle,
    { ...options, critic: { writer: asked, tokenizer: byteTokenizer }, by: 'words' },
    signal,
  );
  expect(JSON.stringify(asked.asked[0]?.prompt)).toContain('It says thou.');
});

test('prompts are new ones, and the step ends when there are enough or nothing new comes', async () => {
  const collect = async (writer: Writer, count: number) => {
    const options = { count, seed: 3, chunk: 4 };
    const rows = [];
    for await (const chunk of writePrompts(['Say thou', 'Be old'], ['Done'], options, writer, signal))
      rows.push(...chunk);
    return rows.map(({ prompt }) => prompt);
  };
  let written = 0;
  const various = scripted(() => (written++ % 2 === 0 ? ' say THOU!' : ` Prompt ${written}`));
  expect(await collect(various, 5)).toEqual(['Prompt 2', 'Prompt 4', 'Prompt 6', 'Prompt 8']);
  expect(various.asked[0]).toMatchObject({
    stop: ['\n'],
    prompt: expect.stringMatching(/^Prompt: .*\nPrompt: .*\nPrompt:$/),
  });
  const same = scripted(() => 'Say thou');
  expect(await collect(same, 5)).toEqual([]);
  expect(same.asked.length).toBeLessThanOrEqual(52);
});

const config = {
  ...presets.nano,
  layers: 1,
  dimension: 16,
  heads: 2,
  keyValueHeads: 1,
  feedForward: 32,
  contextLength: 64,
};
const parameters = initialParameters(config, layoutOf(config), 1).map((value) =>
  value === 1 ? value : 25 * value,
);

test('the words of a request depend on its prompt and attempt, and not on what else is written', async () => {
  const decoder = new CpuDecoder(config, layoutOf(config), parameters);
  const writer = modelWriter(decoder, byteTokenizer, { maxTokens: 12, temperature: 1, seed: 9 });
  const requests = ['one', 'two', 'one'].map((prompt, attempt) => ({ prompt, attempt }));
  const together = await writer.write(requests, signal);
  expect(await writer.write(requests.slice(2), signal)).toEqual(together.slice(2));
  expect(together[0]).not.toBe(together[2]);
});

test('asked in words, the score is the log-probability of yes less that of no', async () => {
  // A model that gives each token the log-probability -token/1000.
  const shape = { batch: 2, sequence: 256 };
  const seen: number[] = [];
  const pass = {
    shape,
    async logProbabilities(batch: { targets: Uint32Array; inputs: Uint32Array }) {
      seen.push(batch.inputs.length);
      return Float32Array.from(batch.targets, (target) => (target > 100_000 ? 0 : -target / 1000));
    },
  };
  const labeller = wordsLabeller({ pass, tokenizer: byteTokenizer });
  const scores = await labeller.scores(principle, [
    { prompt: 'a', completion: 'b' },
    { prompt: 'a', completion: 'x'.repeat(300) },
  ]);
  const sum = (word: string) => byteTokenizer.encode(word).reduce((total, token) => total - token / 1000, 0);
  expect(scores[0]).toBeCloseTo(sum('yes') - sum('no'), 4);
  expect(scores[1]).toBeNull();
  expect(seen).toHaveLength(1);
});
