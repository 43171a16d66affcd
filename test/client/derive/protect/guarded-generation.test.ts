import { expect, test } from 'vitest';
import { livelyParameters } from '../../../../bench/lively-parameters.ts';
import type { Tokenizer } from '../../../../client/data/tokenizer.ts';
import { protectedDomains } from '../../../../client/derive/protect/domains.ts';
import { StreamGuard } from '../../../../client/derive/protect/stream-guard.ts';
import { CpuDecoder } from '../../../../client/model/generate/cpu-decoder.ts';
import { generate, type Piece, type TextGuard } from '../../../../client/model/generate/generate.ts';
import { layoutOf } from '../../../../client/model/parameters.ts';
import { Random } from '../../../../client/random.ts';
import { smallConfig as config } from '../../../support/lively-model.ts';

/** A letter a token. */
const letters: Pick<Tokenizer, 'stream'> = {
  stream: () => ({ push: (token) => 'abcdefghijk'.charAt(token), flush: () => '' }),
};

async function continued(prompts: readonly { tokens: readonly number[]; guard?: TextGuard }[]) {
  const decoder = new CpuDecoder(config, layoutOf(config), livelyParameters(config, 1), prompts.length);
  const seeded = prompts.map((prompt) => ({ ...prompt, random: Random.seeded(1) }));
  const pieces: Piece[] = [];
  for await (const piece of generate(decoder, seeded, { tokenizer: letters, maxTokens: 20, temperature: 1 }))
    pieces.push(piece);
  return prompts.map((_, index) => {
    const own = pieces.filter(({ prompt }) => prompt === index);
    return { text: own.map(({ text }) => text).join(''), end: own.at(-1)?.end };
  });
}

const guardOf = (pattern: string) =>
  new StreamGuard(protectedDomains([{ id: 'own', data: 'remove', patterns: [pattern], examples: [] }]));

test('a continuation ends before a protected passage, and the others go on', async () => {
  const [free, other] = await continued([{ tokens: [3] }, { tokens: [5] }]);
  const passage = free?.text.slice(8, 12) ?? '';
  const before = free?.text.slice(0, free.text.indexOf(passage));
  const [guarded, alike] = await continued([
    { tokens: [3], guard: guardOf(passage) },
    { tokens: [5], guard: guardOf('z') },
  ]);
  expect(guarded).toEqual({ text: before, end: 'protected' });
  expect(alike).toEqual(other);
});

test('what is still held back when a continuation ends is shown, or ends it', async () => {
  const [free] = await continued([{ tokens: [3] }]);
  const last = free?.text.slice(-3) ?? '';
  expect(await continued([{ tokens: [3], guard: guardOf(`${last}z`) }])).toEqual([free]);
  const [guarded] = await continued([{ tokens: [3], guard: guardOf(`${free?.text.slice(0, 3)}.*${last}$`) }]);
  expect(guarded).toEqual({ text: '', end: 'protected' });
});
