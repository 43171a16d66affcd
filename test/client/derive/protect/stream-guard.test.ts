import fc from 'fast-check';
import { expect, test } from 'vitest';
import { disguises } from '../../../../bench/protect/disguises.ts';
import { passages, rules } from '../../../../bench/protect/plants.ts';
import { protectedDomains } from '../../../../client/derive/protect/domains.ts';
import { ProtectedScanner, protectedMatches } from '../../../../client/derive/protect/scanner.ts';
import { guardStream, StreamGuard } from '../../../../client/derive/protect/stream-guard.ts';
import { Random } from '../../../../client/random.ts';
import { seed } from '../../../support/seed.ts';

const domains = protectedDomains(rules);

/** Pushes pieces and returns all that was shown. */
function shown(pieces: readonly string[], guard = new StreamGuard(domains)): string {
  return [...pieces.map((piece) => guard.push(piece).text), guard.end().text].join('');
}

test('text without a protected passage comes out whole, however it is cut', () => {
  const words = fc.constantFrom(
    'pipe ',
    'pass ',
    'p',
    'the grey heron waits ',
    'song of the first ',
    '😀',
    'Ü',
    '\ud83d',
    ' ',
  );
  fc.assert(
    fc.property(fc.array(words), fc.nat(), (parts, cuts) => {
      const text = parts.join('');
      fc.pre(protectedMatches(text, domains).length === 0);
      const random = Random.seeded(cuts);
      const pieces: string[] = [];
      for (let at = 0; at < text.length; ) {
        const next = at + 1 + random.below(5);
        pieces.push(text.slice(at, next));
        at = next;
      }
      expect(shown(pieces)).toBe(text);
    }),
    { seed, numRuns: 200 },
  );
});

test('of a protected passage no character is shown before it ends, plain or disguised, and none after it', () => {
  const random = Random.seeded(seed);
  const ways = [(text: string) => text, ...Object.values(disguises)];
  for (const passage of passages)
    for (const way of ways) {
      const written = way(passage, random);
      const text = `We heard it told: ${written}. And more of it.`;
      if (protectedMatches(text, domains).length === 0) continue;
      const seen = shown([...text]);
      expect('We heard it told: '.startsWith(seen), `${written} -> ${seen}`).toBe(true);
    }
});

test('only what may still become a match is held back', () => {
  const own = protectedDomains([
    { id: 'own', data: 'remove', patterns: ['ab+c', 'cab', String.raw`\bbac\b`], examples: [] },
  ]);
  const letters = ['a', 'b', 'c', ' '];
  const continuations = (length: number): string[] =>
    length === 0
      ? ['']
      : continuations(length - 1).flatMap((text) => ['', ...letters.map((letter) => text + letter)]);
  const ends = continuations(3);
  const startsIn = (text: string) => {
    const scanner = new ProtectedScanner(own);
    return [...scanner.push(text), ...scanner.end()].map(({ start }) => start);
  };
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 }), (text) => {
      const guard = new StreamGuard(own);
      const out = [...text].map((letter) => guard.push(letter));
      fc.pre(out.every(({ stop }) => !stop));
      const from = out.map((each) => each.text).join('').length;
      const isNeeded = from === text.length || ends.some((end) => startsIn(text + end).includes(from));
      expect(isNeeded, `${text} held from ${from}`).toBe(true);
    }),
    { seed, numRuns: 200 },
  );
});

test('a match that is longer than what may be held is still stopped where it ends', () => {
  const own = protectedDomains([{ id: 'own', data: 'remove', patterns: ['a.*z'], examples: [] }]);
  const guard = new StreamGuard(own, '', { held: 10 });
  const text = [...`a${'b'.repeat(30)}`].map((letter) => guard.push(letter).text).join('');
  expect(text).toBe(`a${'b'.repeat(20)}`);
  expect(guard.push('z more')).toEqual({ text: '', stop: true });
  expect(guard.match).toEqual({ rule: 'own', start: 0, end: 32 });
  expect(guard.end().text).toBe('');
});

test('a passage that begins in the prompt is stopped, and the prompt is not given out', () => {
  const guard = new StreamGuard(domains, 'How to make a pipe ');
  expect(shown(['bo', 'at', ' of wood'], guard)).toBe('boat of wood');
  expect(shown(['bo', 'mb', ' of wood'], new StreamGuard(domains, 'How to make a pipe '))).toBe('');
});

test('a stream ends before its first protected passage', async () => {
  const stream = guardStream(['Take the cre', 'dit card', ' and go'], domains);
  const pieces: string[] = [];
  for (let step = await stream.next(); ; step = await stream.next()) {
    if (step.done) {
      expect(step.value).toEqual({ rule: 'accounts', start: 9, end: 20 });
      break;
    }
    pieces.push(step.value);
  }
  expect(pieces.join('')).toBe('Take the ');
});

test('a reply of 1,000 characters takes far less time than a person notices', () => {
  const text =
    'In the beginning the earth was without form, and darkness was upon the face of the deep. '.repeat(12);
  // Processor time of this thread, which other processes do not change.
  const times = Array.from({ length: 300 }, () => {
    const begun = process.threadCpuUsage();
    const guard = new StreamGuard(domains);
    for (let at = 0; at < 1000; at += 4) guard.push(text.slice(at, at + 4));
    guard.end();
    const { user, system } = process.threadCpuUsage(begun);
    return (user + system) / 1000;
  }).sort((a, b) => a - b);
  // The bench holds 5 ms.
  expect(times[Math.floor(0.99 * times.length)]).toBeLessThan(50);
});
