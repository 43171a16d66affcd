/**
 * How characters are read so that a disguised word is still seen: without case, width, accents and invisible characters, and
 * with the characters that stand for a letter in look-alike writing.
 */

/** What a character of a text is read as. */
export interface FoldedCharacter {
  /** The code point without case, width and accents. */
  readonly plain: number;
  /** The first member of its set of look-alikes, or `plain`. */
  readonly letter: number;
  readonly kind: CharacterKind;
}

/** `symbol` stands for a letter in look-alike writing only; `separator` separates words in it, and `space` always. */
export type CharacterKind =
  | 'latin'
  | 'cyrillic'
  | 'greek'
  | 'letter'
  | 'digit'
  | 'symbol'
  | 'separator'
  | 'space'
  | 'mark';

/** Sets of characters that are written for one another. The first of a set names it. */
const lookAlikes = [
  ...[
    'a4@аαɑ',
    'b8вβƅ',
    'cсςᴄ',
    'dԁ',
    'e3еεҽ',
    'fƒ',
    'g69ɡ',
    'hнһʜ',
    'i1l|!іιӏıɩ',
    'jјϳ',
    'kкκ',
    'mмᴍ',
    'nпηո',
  ],
  ...['o0оοσᴏօ', 'pрρ', 'qԛ', 'rгᴦ', 's5$ѕꜱ', 't7тτᴛ', 'uυսᴜц', 'vѵνᴠ', 'wѡωԝ', 'xхχ×', 'yуγү', 'z2ᴢ'],
].map((members) => [...members].map((member) => member.codePointAt(0) ?? 0));

const setOf = new Map(lookAlikes.flatMap((members) => members.map((member) => [member, members] as const)));

/** The characters that this one may stand for: itself, and the letters that look like it. */
export function meantBy(plain: number): readonly number[] {
  const letters = (setOf.get(plain) ?? []).filter((member) => /\p{L}/u.test(String.fromCodePoint(member)));
  return [plain, ...letters];
}

/** Accents, points of Hebrew and vowel signs of Arabic. Vowel signs of other scripts, and the marks of kana, belong to the word. */
const accents = /[[\p{M}&&[\p{Script=Inherited}\p{Script=Hebrew}\p{Script=Arabic}]]--[\u{3099}\u{309a}]]/gv;
const invisible = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu;

const folded = new Map<number, readonly FoldedCharacter[]>();
/** A text may have any code point; more than this many are not remembered. */
const remembered = 65_536;

/** What a code point is read as: nothing if it is invisible or an accent, several for a ligature. */
export function foldCharacter(codePoint: number): readonly FoldedCharacter[] {
  const known = folded.get(codePoint);
  if (known !== undefined) return known;
  const read = [...foldedText(String.fromCodePoint(codePoint))].map(characterOf);
  if (folded.size < remembered) folded.set(codePoint, read);
  return read;
}

/** Text without case, width, accents and invisible characters, in composed form. */
function foldedText(text: string): string {
  return text
    .normalize('NFKD')
    .replace(invisible, '')
    .replace(accents, '')
    .toLowerCase()
    .replace(accents, '')
    .normalize('NFC');
}

function characterOf(text: string): FoldedCharacter {
  const plain = text.codePointAt(0) ?? 0;
  return { plain, letter: setOf.get(plain)?.[0] ?? plain, kind: kindOf(text, plain) };
}

function kindOf(text: string, plain: number): CharacterKind {
  if (/\s/u.test(text) || /\p{Z}/u.test(text) || /\p{Cc}/u.test(text)) return 'space';
  if (/\p{N}/u.test(text)) return 'digit';
  if (/\p{Script=Latin}/u.test(text)) return 'latin';
  if (/\p{Script=Cyrillic}/u.test(text)) return 'cyrillic';
  if (/\p{Script=Greek}/u.test(text)) return 'greek';
  if (/\p{M}/u.test(text)) return 'mark';
  if (/\p{L}/u.test(text)) return 'letter';
  return setOf.has(plain) ? 'symbol' : 'separator';
}

/** The scripts whose capitals and accented letters a pattern may name. */
const named = [
  [0x41, 0x24f],
  [0x370, 0x52f],
  [0x1e00, 0x1fff],
  [0xff01, 0xff5e],
] as const;

let originals: Map<number, number[]> | null = null;

/** The characters that are read as `plain`, itself among them: capitals, accented and wide ones. */
export function originalsOf(plain: number): readonly number[] {
  if (originals === null) {
    originals = new Map();
    for (const [first, last] of named)
      for (let codePoint = first; codePoint <= last; codePoint++) {
        const [read, more] = foldCharacter(codePoint);
        if (read === undefined || more !== undefined || read.plain === codePoint) continue;
        const others = originals.get(read.plain);
        if (others === undefined) originals.set(read.plain, [codePoint]);
        else others.push(codePoint);
      }
  }
  const capital = String.fromCodePoint(plain).toUpperCase().codePointAt(0) ?? plain;
  return [plain, ...(originals.get(plain) ?? [capital])];
}
