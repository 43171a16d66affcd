import { expect, test } from 'vitest';
import { textTokens, type Writing, writeTexts } from '../../../../apps/contribute/base/writing.ts';
import { livelyParameters } from '../../../../bench/lively-parameters.ts';
import { byteTokenizer } from '../../../../client/data/tokenizer.ts';
import { layoutOf } from '../../../../client/model/parameters.ts';
import { tinyConfig } from '../../../support/contribute/harness.ts';

const run = {
  ...{ run: 'ab'.repeat(32), name: 'tiny', localSteps: 1 },
  ...{ config: tinyConfig, layout: layoutOf(tinyConfig), tokenizer: byteTokenizer },
};
const [before, after] = [1, 2].map((seed) => ({
  hash: String(seed),
  parameters: livelyParameters(tinyConfig, seed),
}));
if (before === undefined || after === undefined) throw new Error('two bases');
const never = new AbortController().signal;
/** A host without an adapter: a page must not touch the GPU while it trains. */
const host = {
  gpu: () => Promise.reject(new Error('the GPU is for training')),
  kernels: () => async () => new Map(),
};

/** The texts, and the order in which their pieces came. */
async function written(texts: Writing['texts'], signal = never, onPiece = () => {}) {
  const found = texts.map(() => '');
  const order: number[] = [];
  const request: Writing = { run, texts, prompt: 'one ', device: 'cpu' };
  await writeTexts(
    host,
    request,
    (index, text) => {
      found[index] += text;
      order.push(index);
      onPiece();
    },
    signal,
  );
  return { found, order };
}

test('bases write side by side, and only base and seed decide what', async () => {
  const both = await written([
    { base: before, seed: 7 },
    { base: after, seed: 7 },
  ]);
  expect(both.found[0]).not.toBe(both.found[1]);
  // Neither waits until the other has ended.
  expect(both.order.indexOf(1)).toBeLessThan(both.order.lastIndexOf(0));
  const alone = await written([{ base: after, seed: 7 }]);
  expect(alone.found[0]).toBe(both.found[1]);
  const samples = await written([
    { base: after, seed: 7 },
    { base: after, seed: 8 },
  ]);
  expect(samples.found[0]).toBe(both.found[1]);
  expect(samples.found[1]).not.toBe(samples.found[0]);
});

test('writing stops in the middle of a text', async () => {
  const stop = new AbortController();
  let pieces = 0;
  const writing = written([{ base: before, seed: 1 }], stop.signal, () => {
    if (++pieces === 3) stop.abort(new Error('stopped'));
  });
  await expect(writing).rejects.toThrow('stopped');
  expect(pieces).toBeLessThan(textTokens / 2);
});
