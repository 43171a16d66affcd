import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseVotes } from '../../../../../client/derive/constitution/votes/votes-csv.ts';

const parse = (text: string) => parseVotes(text, 'votes.csv');

test('votes are read by the names of the columns, quoted cells and both line ends among them', () => {
  const votes = parse(
    '\ufefftimestamp,comment-id,voter-id,vote\r\n1,"Be kind, always",a,1\n\n2,"Say ""no""\nplainly",b,-1\n3,"Be kind, always",b,0\n4,"Be kind, always",a,disagree',
  );
  expect(votes.voters).toEqual(['a', 'b']);
  expect(votes.principles).toEqual(['Be kind, always', 'Say "no"\nplainly']);
  // The later vote of a person on a principle counts.
  expect(votes.cast.map((own) => [...own])).toEqual([
    [[0, -1]],
    [
      [1, -1],
      [0, 0],
    ],
  ]);
});

test('any cells survive quoting', () => {
  const cell = fc.string({ minLength: 1 }).filter((text) => text.trim() === text && text !== '');
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1 }), (rows) => {
      const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
      const text = rows.map(([voter, principle]) => `${quoted(voter)},${quoted(principle)},agree`);
      const { voters, principles } = parse(['voter,principle,vote', ...text].join('\n'));
      expect(voters).toEqual([...new Set(rows.map(([voter]) => voter))]);
      expect(principles).toEqual([...new Set(rows.map(([, principle]) => principle))]);
    }),
  );
});

test.each<[string, string, RegExp]>([
  ['no column', 'voter,vote\na,1', /line 1: it has no column named principle or statement/],
  ['an unknown vote', 'voter,principle,vote\n"a\nb",p,1\nc,p,maybe', /line 4: maybe is no vote/],
  ['a missing cell', 'voter,principle,vote\na,p', /line 2: it has 2 cells/],
  ['an open quotation', 'voter,principle,vote\na,"p,1', /line 2: a quotation mark/],
  ['an empty voter', 'voter,principle,vote\n ,p,1', /line 2: the voter or the principle is empty/],
  ['no votes', 'voter,principle,vote\n', /no vote follows/],
  ['an empty file', '', /it is empty/],
])('%s is refused with its line', (_, text, message) => {
  expect(() => parse(text)).toThrow(
    expect.objectContaining({ code: 'votes.invalid', message: expect.stringMatching(message) }),
  );
});
