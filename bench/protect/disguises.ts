import type { Random } from '../../client/random.ts';

/** A way to write a text so that people still read it and a plain search does not find it. */
export type Disguise = (text: string, random: Random) => string;

const cyrillicAndGreek: Readonly<Record<string, string>> = {
  ...{
    a: 'аα',
    c: 'сϲ',
    e: 'еε',
    h: 'һ',
    i: 'іι',
    j: 'ј',
    k: 'кκ',
    m: 'м',
    o: 'оο',
    p: 'рρ',
    s: 'ѕ',
    t: 'тτ',
  },
  ...{ u: 'υ', v: 'ν', x: 'хχ', y: 'у' },
};
const digits: Readonly<Record<string, string>> = {
  a: '4@',
  b: '8',
  e: '3',
  i: '1!',
  l: '1',
  o: '0',
  s: '5$',
  t: '7',
};
const accented: Readonly<Record<string, string>> = {
  a: 'áàâ',
  c: 'ç',
  e: 'éèê',
  i: 'íî',
  n: 'ñ',
  o: 'óô',
  u: 'úü',
  y: 'ý',
};
const invisible = ['\u200b', '\u200c', '\u200d', '\u2060', '\ufeff', '\u00ad'];

/** Each of the letters that has others is written as one of them with this probability. */
function replacing(others: Readonly<Record<string, string>>, share: number): Disguise {
  return (text, random) => {
    const written = [...text].map((letter) => {
      const choice = [...(others[letter.toLowerCase()] ?? '')];
      return choice.length > 0 && random.uniform() < share
        ? (choice[random.below(choice.length)] ?? letter)
        : letter;
    });
    return written.join('');
  };
}

function apart(between: readonly string[], words: string): Disguise {
  return (text, random) => {
    const separator = between[random.below(between.length)] ?? ' ';
    return text
      .split(' ')
      .map((word) => [...word].join(separator))
      .join(words === '' ? separator : words);
  };
}

const anyCase: Disguise = (text, random) =>
  [...text].map((letter) => (random.uniform() < 0.5 ? letter.toUpperCase() : letter.toLowerCase())).join('');
const wide: Disguise = (text) =>
  text.replace(/[!-~]/g, (letter) => String.fromCodePoint((letter.codePointAt(0) ?? 0) + 0xfee0));
const unseen: Disguise = (text, random) =>
  [...text]
    .map(
      (letter) => letter + (random.uniform() < 0.4 ? (invisible[random.below(invisible.length)] ?? '') : ''),
    )
    .join('');
const marked: Disguise = (text, random) =>
  [...text]
    .map((letter) => letter + (/\p{L}/u.test(letter) && random.uniform() < 0.4 ? '\u0301\u0327' : ''))
    .join('');
const mathematical: Disguise = (text) =>
  text.replace(/[a-z]/g, (letter) => String.fromCodePoint(0x1d41a + (letter.codePointAt(0) ?? 0) - 0x61));

export const disguises: Readonly<Record<string, Disguise>> = {
  case: anyCase,
  width: wide,
  'mathematical letters': mathematical,
  accents: replacing(accented, 0.5),
  'combining marks': marked,
  'zero-width characters': unseen,
  'more spaces': (text, random) =>
    text.replaceAll(' ', () => [' \n ', '  ', '\u00a0\t', '\u2003'][random.below(4)] ?? ' '),
  'joined by signs': (text, random) => text.replaceAll(' ', ['_', '-', '.', '*'][random.below(4)] ?? '_'),
  'letters apart': apart([' ', '.', '-', '_', '*', '\u200b ', ' . '], ''),
  'letters apart, words further': apart([' ', '.', '-'], '   '),
  'letters of Cyrillic and Greek': replacing(cyrillicAndGreek, 0.6),
  'digits for letters': replacing(digits, 0.6),
  'several at once': (text, random) =>
    anyCase(
      unseen(replacing(digits, 0.3)(replacing(cyrillicAndGreek, 0.3)(text, random), random), random),
      random,
    ),
  'digits, letters apart': (text, random) =>
    apart([' ', '.'], '')(replacing(digits, 0.4)(text, random), random),
};
