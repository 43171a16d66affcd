import { parseFragment } from 'parse5';
import { expect, test } from 'vitest';
import { clothPicture } from '../../../../apps/ui/picture/cloth-picture.ts';
import { scriptedStatus } from '../../../support/pages/scenarios.ts';

const status = scriptedStatus({ rounds: 20, done: 20, nodes: 8, corpusCount: 8, now: 1_700_000_000_000 });
const texts = { thanks: 'Thank you', own: 'Outlined: yours' };
const count = (picture: string, part: RegExp) => picture.match(part)?.length ?? 0;

test('a picture names the run and all corpora of the cloth, and marks nothing of nobody', () => {
  const picture = clothPicture(status, texts, null);
  for (const name of ['Workshop, Tuesday', 'Thank you', ...status.run.corpora])
    expect(picture).toContain(`>${name}</text>`);
  expect(count(picture, /class="own/g)).toBe(0);
  expect(picture).not.toContain(texts.own);
});

test('own threads are marked in the own corpus and the own rounds only', () => {
  const rounds = [2, 3, 7];
  const picture = clothPicture(status, texts, { corpus: 'Germanic', rounds });
  const perRound = count(picture, /class="own-round"/g) / rounds.length;
  expect(Number.isInteger(perRound) && perRound >= 1).toBe(true);
  expect(count(picture, /fill="#b8402f" class="own"/g)).toBeGreaterThan(0);
  expect(count(picture, /class="own"/g)).toBe(count(picture, /fill="#b8402f" class="own"/g));
  expect(picture).toContain(texts.own);
  // A text of one's own is no strand: only its rounds are marked.
  const other = clothPicture(status, texts, { corpus: null, rounds });
  expect([count(other, /class="own-round"/g), count(other, /class="own"/g)]).toEqual([
    perRound * rounds.length,
    0,
  ]);
});

test('a name cannot become a part of the picture', () => {
  const name = '<script>alert("x")</script> & co';
  const run = { ...status.run, name, corpora: status.run.corpora.map((each) => `${each}<image/>`) };
  const picture = clothPicture({ ...status, run }, texts, null);
  expect(picture).not.toMatch(/<script|<image/);
  expect(picture).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; co');
  expect(parseFragment(picture).childNodes[0]).toMatchObject({ tagName: 'svg' });
});
