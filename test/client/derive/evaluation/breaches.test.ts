import { expect, test } from 'vitest';
import { parseConstitution } from '../../../../client/derive/constitution/constitution.ts';
import { canBreach, countBreaches } from '../../../../client/derive/evaluation/breaches.ts';
import { protectedDomains } from '../../../../client/derive/protect/domains.ts';

const { principles, protected: rules } = parseConstitution(
  `principles:
  - {id: modern, text: Use modern words., check: '\\b(thee|thou)\\b'}
  - {id: kind, text: Be kind.}
protected:
  - {id: songs, patterns: ['sacred song']}
  - {id: names, patterns: ['river spirit']}
`,
  'constitution.yaml',
);
const domains = protectedDomains(rules);

test('an answer counts once however often and by however many rules it breaks one', () => {
  const answers = ['plain', 'thou and thou', 'a s a c r e d  s o n g, thee', 'a sacred song', ''];
  expect(countBreaches(answers, { domains, principles })).toEqual({
    answers: 5,
    breaking: 3,
    rules: [
      { kind: 'protected', id: 'songs', count: 2 },
      { kind: 'protected', id: 'names', count: 0 },
      { kind: 'principle', id: 'modern', count: 2 },
    ],
  });
});

test('rules without protected domains and without checks find no breach', () => {
  expect(canBreach({ domains: null, principles: principles.slice(1) })).toBe(false);
  expect(canBreach({ domains: null, principles })).toBe(true);
  expect(canBreach({ domains, principles: [] })).toBe(true);
});
