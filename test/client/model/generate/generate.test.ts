import { expect, test } from 'vitest';
import { livelyParameters } from '../../../../bench/lively-parameters.ts';
import { byteTokenizer, type Tokenizer } from '../../../../client/data/tokenizer.ts';
import { presets } from '../../../../client/model/config.ts';
import { CpuDecoder } from '../../../../client/model/generate/cpu-decoder.ts';
import {
  type GenerateOptions,
  generate,
  type Piece,
  type Prompt,
} from '../../../../client/model/generate/generate.ts';
import { layoutOf } from '../../../../client/model/parameters.ts';
import { Random } from '../../../../client/random.ts';
import { smallConfig as config, referenceLogits } from '../../../support/lively-model.ts';

const layout = layoutOf(config);
const parameters = livelyParameters(config, 1);

/** A letter a token. */
const letters: Pick<Tokenizer, 'stream'> = {
  stream: () => ({ push: (token) => 'abcdefghijk'.charAt(token), flush: () => '' }),
};

async function all(pieces: AsyncIterable<Piece>): Promise<Piece[]> {
  const list: Piece[] = [];
  for await (const piece of pieces) list.push(piece);
  return list;
}

const prompt = (tokens: readonly number[], seed = 1): Prompt => ({ tokens, random: Random.seeded(seed) });

function pieces(
  prompts: readonly Prompt[],
  options: Partial<GenerateOptions> = {},
  sequences = prompts.length,
): Promise<Piece[]> {
  const decoder = new CpuDecoder(config, layout, parameters, sequences);
  return all(generate(decoder, prompts, { tokenizer: letters, maxTokens: 20, temperature: 0, ...options }));
}

async function tokensOf(tokens: readonly number[], options: Partial<GenerateOptions> = {}) {
  return (await pieces([prompt(tokens)], options)).map(({ token }) => token);
}

async function textOf(tokens: readonly number[], options: Partial<GenerateOptions> = {}) {
  return (await pieces([prompt(tokens)], options)).map(({ text }) => text).join('');
}

test('greedy takes the likeliest token, and past the context continues from its last half', async () => {
  const window = [3, 1, 4];
  const expected = Array.from({ length: 20 }, () => {
    if (window.length > config.contextLength) window.splice(0, window.length - config.contextLength / 2);
    const logits = referenceLogits(config, parameters, window);
    const token = logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));
    window.push(token);
    return token;
  });
  const tokens = await tokensOf([3, 1, 4]);
  expect(tokens).toEqual(expected);
  expect(new Set(tokens).size).toBeGreaterThan(1);
});

test('a prompt longer than the context is cut to its end', async () => {
  const long = [5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7];
  expect(await tokensOf(long)).toEqual(await tokensOf(long.slice(-8)));
});

test("a prompt's text is the same alone, in a batch of any size, and after waiting for a free place", async () => {
  const prompts = [[3, 1, 4], [1], [5, 9, 2, 6, 5, 3, 5, 8], [9, 7]];
  const seeded = () => prompts.map((tokens, seed) => prompt(tokens, seed));
  const options = { temperature: 1, topP: 0.9, stopTokens: [7], maxTokens: 15 };
  const alone = await Promise.all(seeded().map((each) => pieces([each], options)));
  expect(new Set(alone.map((each) => each.length)).size).toBeGreaterThan(1);
  for (const sequences of [1, 2, 3, 6]) {
    const together = await pieces(seeded(), options, sequences);
    for (const [index, expected] of alone.entries()) {
      const own = together.filter((piece) => piece.prompt === index);
      expect(own).toEqual(expected.map((piece) => ({ ...piece, prompt: index })));
    }
  }
});

test('the prompts of a batch advance together', async () => {
  const order = (await pieces([prompt([1]), prompt([2])], { maxTokens: 2 })).map((piece) => piece.prompt);
  expect(order).toEqual([0, 1, 0, 1]);
});

test('the same seed gives the same text, and another seed gives another', async () => {
  const sampled = (seed: number) => pieces([prompt([4], seed)], { temperature: 1 });
  expect(await sampled(9)).toEqual(await sampled(9));
  expect(await sampled(9)).not.toEqual(await sampled(10));
});

test('generation ends before a stop token and after the tokens asked for', async () => {
  const free = await tokensOf([1]);
  const stop = free[3] ?? 0;
  const before = free.slice(0, free.indexOf(stop));
  const stopped = await pieces([prompt([1])], { stopTokens: [stop] });
  expect(stopped.map(({ token }) => token)).toEqual([...before, stop]);
  expect(stopped.map(({ text }) => text).join('')).toBe(before.map((i) => 'abcdefghijk'.charAt(i)).join(''));
  expect(stopped.map(({ end }) => end)).toEqual([...before.map(() => undefined), 'stop']);
  expect(await tokensOf([1], { maxTokens: 0 })).toEqual([]);
  expect(free).toHaveLength(20);
  expect((await pieces([prompt([1])])).at(-1)?.end).toBe('length');
});

test('generation ends before a stop string, and holds back text that may be the beginning of one', async () => {
  const free = await textOf([1]);
  const stop = free.slice(5, 9);
  const expected = free.slice(0, free.indexOf(stop));
  const stopped = await pieces([prompt([1])], { stopStrings: ['nowhere', stop] });
  expect(stopped.map(({ text }) => text).join('')).toBe(expected);
  expect(stopped.at(-1)).toMatchObject({ text: '', end: 'stop' });
  expect(stopped).toHaveLength(expected.length + 4);
  // The text ends with the beginning of a stop string, which is then passed on.
  expect(await textOf([1], { stopStrings: [`${free.slice(-2)}?`] })).toBe(free);
});

test('a stop string is found when tokens are single bytes of its characters', async () => {
  // The model repeats the bytes of a text: each token's logits are highest for the next byte.
  const bytes = [...byteTokenizer.encode('aé→b')];
  let made = 0;
  const decoder = {
    config: { ...config, vocabularySize: byteTokenizer.vocabularySize, contextLength: 64 },
    sequences: 1,
    lengthOf: () => made,
    clear: () => {},
    rewind: () => 0,
    useAdapter: () => {},
    append: async () => {
      const logits = new Float32Array(byteTokenizer.vocabularySize);
      logits[bytes[made++] ?? 0] = 9;
      return [logits];
    },
    close: () => {},
  };
  const text = generate(decoder, [prompt([256])], {
    tokenizer: byteTokenizer,
    maxTokens: 9,
    temperature: 0,
    stopStrings: ['→b'],
  });
  expect((await all(text)).map((piece) => piece.text)).toEqual(['a', '', 'é', '', '', '', '']);
});

test('timers run while it generates, and aborting ends it', async () => {
  const nano = presets.nano;
  const controller = new AbortController();
  let turns = 0;
  const timer = setInterval(() => {
    turns++;
    if (turns === 3) controller.abort();
  }, 0);
  const decoder = new CpuDecoder(nano, layoutOf(nano), livelyParameters(nano, 1));
  const text = generate(decoder, [prompt([256])], {
    tokenizer: byteTokenizer,
    maxTokens: 1_000_000,
    temperature: 0,
    signal: controller.signal,
  });
  await expect(all(text)).rejects.toThrow('aborted');
  expect(decoder.lengthOf(0)).toBe(0);
  clearInterval(timer);
  expect(turns).toBeGreaterThanOrEqual(3);
});

test('invalid options are refused', async () => {
  const refused: [readonly number[], Partial<GenerateOptions>][] = [
    [[], {}],
    [[11], {}],
    [[0.5], {}],
    [[1], { maxTokens: -1 }],
    [[1], { temperature: -1 }],
    [[1], { topP: 2 }],
    [[1], { stopStrings: [''] }],
  ];
  for (const [tokens, options] of refused) {
    await expect(tokensOf(tokens, options)).rejects.toMatchObject({ code: 'generate.bad-option' });
  }
});

test('weights that overflow are reported and nothing is sampled from them', async () => {
  const decoder = new CpuDecoder(config, layout, new Float32Array(layout.length).fill(Number.NaN));
  const broken = generate(decoder, [prompt([1])], { tokenizer: letters, maxTokens: 1, temperature: 0 });
  await expect(all(broken)).rejects.toMatchObject({ code: 'generate.not-finite' });
});
