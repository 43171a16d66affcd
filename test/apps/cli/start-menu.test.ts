import { expect, test } from 'vitest';
import { startWords } from '../../../apps/cli/start-menu.ts';

/** The words that these answers make; the input ends after the last. */
async function wordsFor(...answers: string[]) {
  const questions: string[] = [];
  const ask = async (question: string) => {
    questions.push(question);
    return answers.shift() ?? null;
  };
  return { words: await startWords(ask, (below) => below - 1), questions };
}

const link = 'https://192.168.1.7:8765/#token=a&fingerprint=b';

test.each([
  [[''], ['demo']],
  [['1'], ['demo']],
  [['2', '1'], ['relay']],
  [
    ['2', ''],
    ['relay', '--host', '0.0.0.0', '--tls', 'auto', '--token', '9999-9999-9999'],
  ],
  [
    ['3', link, ''],
    ['join', link, '--corpus', 'Romance'],
  ],
  [
    [link, 'slavic'],
    ['join', link, '--corpus', 'slavic'],
  ],
  [
    [link, 'my letters'],
    ['join', link, '--text', 'my letters'],
  ],
])('the answers %j make the command %j', async (answers, words) => {
  expect((await wordsFor(...answers)).words).toEqual(words);
});

test('an answer that is none of the choices is asked again, and the end of the input leaves', async () => {
  const { words, questions } = await wordsFor('4', 'letters.txt', '3', 'not a link');
  expect(words).toBeNull();
  expect(questions).toHaveLength(5);
  expect(questions[1]).toMatch(/^Please give one of these/);
  expect(questions[4]).toContain('The link');
});

test('tokens are drawn again for each run', async () => {
  const ask = async (question: string) => (question.includes('1, 2, 3') ? '2' : '');
  const tokens = await Promise.all([startWords(ask), startWords(ask)]);
  expect(tokens[0]?.at(-1)).toMatch(/^(?:[a-z2-9]{4}-){2}[a-z2-9]{4}$/);
  expect(tokens[0]).not.toEqual(tokens[1]);
});
