import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ProtectedDomains, protectedDomains } from '../../client/derive/protect/domains.ts';
import { protectedMatches } from '../../client/derive/protect/scanner.ts';
import { StreamGuard, warmGuard } from '../../client/derive/protect/stream-guard.ts';
import { Random } from '../../client/random.ts';
import { readVerses } from '../sovereign/verses.ts';
import { type Disguise, disguises } from './disguises.ts';
import { passages, rules } from './plants.ts';

export interface ProtectBenchOptions {
  /** Disguised copies of each passage, for each disguise. */
  readonly trials: number;
  /** Words of honest text for each disguise. */
  readonly words: number;
  /** Replies that are timed, and the characters of one. */
  readonly replies: number;
  readonly characters: number;
  readonly seed: number;
  /** The folder of the built bench. */
  readonly headless: string;
}

const asItIs: Disguise = (text) => text;
const all: readonly (readonly [string, Disguise])[] = [['plain', asItIs], ...Object.entries(disguises)];

/** Misses, false alarms and the time of a reply, with the rules of `plants.ts` on text that these do not come from. */
export async function* protectBench(options: ProtectBenchOptions): AsyncGenerator<object> {
  const { trials, words, seed, headless } = options;
  const domains = protectedDomains(rules);
  warmGuard(domains);
  const texts = await honestTexts(headless);
  // Before all else, so that the first is the first of this process.
  const reply = replyTimes(texts, domains, options);
  yield { event: 'reply', ...reply };
  let [disguised, missed] = [0, 0];
  let plainMissed = 0;
  for (const [disguise, way] of all) {
    const own = missesOf(way, domains, texts, disguise === 'plain' ? 1 : trials, seed);
    yield { event: 'misses', disguise, ...own };
    if (disguise === 'plain') plainMissed = own.missed;
    else {
      disguised += own.planted;
      missed += own.missed;
    }
  }
  const alarms = [];
  for (const [disguise, way] of all) {
    const most = disguise === 'plain' ? Number.POSITIVE_INFINITY : words;
    const own = { disguise, ...alarmsIn(texts, way, domains, most, seed) };
    alarms.push(own);
    yield { event: 'false-alarms', ...own };
  }
  const [plain] = alarms;
  const others = alarms.slice(1);
  const sum = (of: 'alarms' | 'words') => others.reduce((total, each) => total + each[of], 0);
  yield {
    event: 'summary',
    foundPlain: 1 - plainMissed / passages.length,
    foundDisguised: 1 - missed / disguised,
    falseAlarmsPerMillionWords: perMillion(plain?.alarms ?? 0, plain?.words ?? 1),
    falseAlarmsPerMillionWordsDisguised: perMillion(sum('alarms'), sum('words')),
    replyP99Milliseconds: reply.clock.p99,
    replyP99ProcessorMilliseconds: reply.processor.p99,
  };
}

const perMillion = (alarms: number, words: number) => (1e6 * alarms) / Math.max(1, words);

/** Verses of both kinds, and the paragraphs of the plays. */
async function honestTexts(headless: string): Promise<readonly string[]> {
  const { train, heldOut } = await readVerses(headless);
  const plays = await readFile(join(headless, '../../bench/data/tinyshakespeare.txt'), 'utf8');
  return [...[...train, ...heldOut].flatMap(({ old, modern }) => [old, modern]), ...plays.split('\n\n')];
}

/** Plants each passage, disguised, in an honest text. */
function missesOf(
  way: Disguise,
  domains: ProtectedDomains,
  texts: readonly string[],
  trials: number,
  seed: number,
): { readonly planted: number; readonly missed: number } {
  const random = Random.seeded(seed);
  let missed = 0;
  for (const passage of passages)
    for (let trial = 0; trial < trials; trial++) {
      const host = (texts[random.below(texts.length)] ?? '').split(' ');
      host.splice(random.below(host.length + 1), 0, way(passage, random));
      if (protectedMatches(host.join(' '), domains).length === 0) missed++;
    }
  return { planted: trials * passages.length, missed };
}

/** Alarms in honest text: a rule that matches in a text counts once. */
function alarmsIn(
  texts: readonly string[],
  way: Disguise,
  domains: ProtectedDomains,
  most: number,
  seed: number,
): { readonly words: number; readonly alarms: number; readonly examples: readonly string[] } {
  const random = Random.seeded(seed, 1);
  let [words, alarms] = [0, 0];
  const examples: string[] = [];
  // A prime step visits texts of all kinds before the words run out.
  for (let index = 0; index < texts.length && words < most; index++) {
    const text = texts[most === Number.POSITIVE_INFINITY ? index : (index * 7919) % texts.length] ?? '';
    words += text.match(/\S+/g)?.length ?? 0;
    const written = way(text, random);
    for (const { rule, start, end } of protectedMatches(written, domains)) {
      alarms++;
      if (examples.length < 5) examples.push(`${rule}: ${written.slice(start, end)}`);
    }
  }
  return { words, alarms, examples };
}

/**
 * Milliseconds that guarding a reply takes, given four characters at a time as a model writes them: of the clock, and of the processor for
 * this thread, which other processes do not change. `first` is a process's first, and counts with the others.
 */
function replyTimes(
  texts: readonly string[],
  domains: ProtectedDomains,
  { replies, characters, seed }: ProtectBenchOptions,
) {
  const random = Random.seeded(seed, 2);
  const all = Array.from({ length: replies }, () => {
    let text = '';
    while (text.length < characters) text += `${texts[random.below(texts.length)] ?? ''} `;
    const [begun, used] = [performance.now(), process.threadCpuUsage()];
    const guard = new StreamGuard(domains);
    for (let at = 0; at < characters; at += 4) guard.push(text.slice(at, Math.min(at + 4, characters)));
    guard.end();
    const clock = performance.now() - begun;
    const { user, system } = process.threadCpuUsage(used);
    return { clock, processor: (user + system) / 1000 };
  });
  const quantilesOf = (kind: 'clock' | 'processor') => {
    const [first = 0] = all.map((each) => each[kind]);
    const times = all.map((each) => each[kind]).sort((a, b) => a - b);
    const quantile = (share: number) =>
      times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0;
    return { first, p50: quantile(0.5), p99: quantile(0.99) };
  };
  return { replies, characters, clock: quantilesOf('clock'), processor: quantilesOf('processor') };
}
