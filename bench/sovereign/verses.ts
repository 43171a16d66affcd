import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as v from 'valibot';
import type { Row } from '../../client/derive/data/row.ts';
import { sha256Hex } from '../../client/sha256.ts';

/** A verse in old and in modern English. */
export interface Verse {
  readonly old: string;
  readonly modern: string;
}

/** Verses to train on and verses that no stage is trained on, with the hash of their file. */
export interface Verses {
  readonly train: readonly Verse[];
  readonly heldOut: readonly Verse[];
  readonly hash: string;
}

const schema = v.object({ old: v.string(), new: v.string() });

/** One verse in this many is held out. */
const heldOutStride = 20;

/** Reads bench/data/verses.jsonl.gz; `headless` is the folder of the built bench. A verse is held out by its text's hash. */
export async function readVerses(headless: string): Promise<Verses> {
  const file = await readFile(join(headless, '../../bench/data/verses.jsonl.gz'));
  const lines = gunzipSync(file).toString('utf8').split('\n').filter(Boolean);
  const all = lines.map((line): Verse => {
    const { old, new: modern } = v.parse(schema, JSON.parse(line));
    return { old, modern };
  });
  const isHeldOut = ({ modern }: Verse) =>
    Number.parseInt(sha256Hex(modern).slice(0, 8), 16) % heldOutStride === 0;
  return {
    train: all.filter((verse) => !isHeldOut(verse)),
    heldOut: all.filter(isHeldOut),
    hash: sha256Hex(file),
  };
}

export const textRows = (texts: readonly string[]): Row[] => texts.map((text) => ({ form: 'text', text }));

/** Modern English is preferred to old. */
export const pairRows = (verses: readonly Verse[]): Row[] =>
  verses.map(({ old, modern }) => ({ form: 'preference', prompt: '', chosen: modern, rejected: old }));

/** Words of old English that the modern verses have nearly none of. */
const archaic =
  /\b(thee|thou|thy|thine|ye|hath|doth|unto|saith|shalt|hast|wilt|art|begat|spake|wherefore|yea|lo|nay|thereof|\w{2,}eth|\w{2,}est)\b/gi;

/** Archaic words for each thousand words of texts. */
export function archaicWords(texts: readonly string[]): number {
  const count = (pattern: RegExp) => texts.reduce((sum, text) => sum + (text.match(pattern)?.length ?? 0), 0);
  return (1000 * count(archaic)) / Math.max(1, count(/\p{L}+/gu));
}
