import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { program as bench } from '../bench/program.ts';
import { built, runTapestry } from './system/built.ts';

const root = join(import.meta.dirname, '..');
const files = [
  'README.md',
  'shaders/README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');

/** Code of a text: the lines of its blocks, with those that a backslash ends joined to the next, and the spans within lines. */
function codeOf(text: string): string[] {
  const found: string[] = [];
  const prose = text.replace(/^```\w*\n([\s\S]*?)^```/gm, (_, block: string) => {
    found.push(...block.replace(/\\\n\s*/g, ' ').split('\n'));
    return '';
  });
  for (const [, span] of prose.matchAll(/`([^`]+)`/g))
    if (span !== undefined) found.push(span.replace(/\n/g, ' '));
  return found;
}

/** The long options of a command by its words, as `relay` or `constitution sign`. */
type Places = ReadonlyMap<string, readonly string[]>;

/** What `tapestry completion bash` completes in each place. */
async function placesOfTapestry(): Promise<Places> {
  const { stdout } = await runTapestry(await built(), ['completion', 'bash']);
  const places = new Map<string, readonly string[]>();
  for (const [, place, words] of stdout.matchAll(/^ {4}' ?([^']*)'\) words='([^']*)'/gm))
    if (place !== undefined && words !== undefined) places.set(place, words.split(' '));
  return places;
}

const placesOfBench: Places = new Map(
  bench.commands.map((command: Command) => [
    command.name(),
    [...command.options.flatMap(({ long }) => long ?? []), '--help', '--quiet', '--verbose'],
  ]),
);

/** What is wrong with the words after the name of a program; null where they name nothing that it lacks. */
function problemOf(places: Places, words: readonly string[]): string | null {
  const [first = '', second = ''] = words;
  if (first.startsWith('-')) return null;
  const place = places.has(`${first} ${second}`) ? `${first} ${second}` : first;
  const options = places.get(place);
  if (options === undefined) return `no command ${first}`;
  const unknown = words
    .filter((word) => word.startsWith('--'))
    .map((word) => word.replace(/[=,.:;)].*$/, ''));
  const missing = unknown.find((word) => !options.includes(word));
  return missing === undefined ? null : `${place} has no ${missing}`;
}

/** Words of a line of code after the name of the program, up to a comment, a pipe or the next command. */
const wordsAfter = (line: string, name: RegExp): string[] | null => {
  const match = name.exec(line);
  if (match === null) return null;
  const rest = line.slice(match.index + match[0].length).split(/\s(?:#|\||&&|;|>)/)[0] ?? '';
  return rest.trim().split(/\s+/).filter(Boolean);
};

test('every command and option that the documents name exists', async () => {
  const tapestry = await placesOfTapestry();
  expect(tapestry.size).toBeGreaterThan(20);
  const problems: string[] = [];
  let seen = 0;
  for (const file of files)
    for (const line of codeOf(textOf(file))) {
      const ofBench = wordsAfter(line, /(?:^|\s)(?:npm run )?bench --(?=\s)/);
      const ofTapestry = wordsAfter(line, /(?:^|\s)tapestry(?=\s+[a-z])/);
      const [command = ''] = line.split(/\s/);
      const isBare = tapestry.has(command) && line.includes(' --');
      const problem =
        ofBench !== null
          ? problemOf(placesOfBench, ofBench)
          : ofTapestry !== null
            ? problemOf(tapestry, ofTapestry)
            : isBare
              ? problemOf(tapestry, line.split(/\s+/))
              : null;
      if (ofBench !== null || ofTapestry !== null || isBare) seen++;
      if (problem !== null) problems.push(`${file}: ${line}: ${problem}`);
    }
  expect(problems).toEqual([]);
  expect(seen).toBeGreaterThan(100);
});

test('every link to a file leads to one', () => {
  const problems: string[] = [];
  for (const file of files)
    for (const [, target = ''] of textOf(file).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g))
      if (!/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(file), target)))
        problems.push(`${file}: ${target}`);
  expect(problems).toEqual([]);
});

test('an option that does not exist is found', () => {
  const places: Places = new Map([['relay', ['--port']]]);
  expect(problemOf(places, ['relay', '--port', '1'])).toBeNull();
  expect(problemOf(places, ['relay', '--gone'])).toBe('relay has no --gone');
  expect(problemOf(places, ['gone'])).toBe('no command gone');
});
