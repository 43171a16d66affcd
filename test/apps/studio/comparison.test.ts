import { expect, test } from 'vitest';
import { counted, pairKey, pairOf, type Round } from '../../../apps/studio/comparison.ts';

const round: Round = {
  ...{ prompt: 'Why?', format: 'plain', phase: 'voting' },
  left: { model: 'b', text: 'Because.' },
  right: { model: 'a', text: 'No.' },
};

test('a vote counts for the model on the side that won', () => {
  const first = counted({ wins: {}, ties: 0 }, round, 'left');
  const second = counted(counted(first, round, 'right'), round, 'left');
  expect(counted(second, round, 'tie')).toEqual({ wins: { a: 1, b: 2 }, ties: 1 });
  expect(pairKey('a', 'b')).toBe(pairKey('b', 'a'));
});

test('a vote makes the row that was asked: text, or messages', () => {
  expect(pairOf(round, 'left')).toEqual({ prompt: 'Why?', chosen: 'Because.', rejected: 'No.' });
  expect(pairOf({ ...round, format: 'chat' }, 'right')).toEqual({
    prompt: [{ role: 'user', content: 'Why?' }],
    chosen: [{ role: 'assistant', content: 'No.' }],
    rejected: [{ role: 'assistant', content: 'Because.' }],
  });
});
