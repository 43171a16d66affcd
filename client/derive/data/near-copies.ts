/** Words of one shingle. */
const shingleWords = 4;

/** Texts are near-copies if this part of the shingles that either has is in both (the Jaccard index). */
const threshold = 0.8;

/** A shingle that more texts have belongs to a form that many different texts share, such as "What is the capital of". */
const commonShare = 0.05;
const commonLeast = 8;
const commonMost = 256;

/** Words of a text that are compared. */
const comparedWords = 2048;

/**
 * Groups texts that say the same with small changes. The result has, for each text, the index of the first text of its group.
 * Texts that are equal but for case, width, accents, punctuation and white space are always in one group. Texts of more than
 * a few words are compared by shingles of four words, exactly, with the prefix filter of Bayardo et al. 2007 ("Scaling up
 * all pairs similarity search"): two sets that are similar enough share one of their few rarest shingles.
 */
export function nearCopies(texts: readonly string[]): Uint32Array<ArrayBuffer> {
  const groups = new Groups(texts.length);
  const distinct = new Map<string, number>();
  const words: { readonly index: number; readonly shingles: readonly string[] }[] = [];
  texts.forEach((text, index) => {
    const key = normalized(text);
    const first = distinct.get(key);
    if (first === undefined) {
      distinct.set(key, index);
      words.push({ index, shingles: shinglesOf(key) });
    } else groups.join(first, index);
  });
  const frequency = new Map<string, number>();
  for (const { shingles } of words)
    for (const shingle of shingles) frequency.set(shingle, (frequency.get(shingle) ?? 0) + 1);
  const common = Math.max(commonLeast, Math.min(commonMost, commonShare * words.length));
  const rarestFirst = (a: string, b: string) =>
    (frequency.get(a) ?? 0) - (frequency.get(b) ?? 0) || (a < b ? -1 : 1);

  const sets: Set<string>[] = [];
  const rare = new Map<string, number[]>();
  for (const [at, { index, shingles }] of words.entries()) {
    const own = shingles.filter((shingle) => (frequency.get(shingle) ?? 0) <= common).sort(rarestFirst);
    const set = new Set(own);
    const prefix = own.slice(0, own.length - Math.ceil(threshold * own.length) + 1);
    const compared = new Set<number>();
    for (const shingle of prefix) {
      const before = rare.get(shingle) ?? [];
      for (const other of before) {
        if (compared.has(other)) continue;
        compared.add(other);
        if (isSimilar(set, sets[other] ?? new Set())) groups.join(words[other]?.index ?? index, index);
      }
      before.push(at);
      rare.set(shingle, before);
    }
    sets.push(set);
  }
  return groups.firsts();
}

/** Letters and digits only, without accents, in one case and width. A text without any is itself. */
export function normalized(text: string): string {
  const words = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu);
  return words === null ? text : words.join(' ');
}

function shinglesOf(key: string): string[] {
  const words = key.split(' ', comparedWords);
  const count = words.length - shingleWords + 1;
  return [
    ...new Set(
      Array.from({ length: Math.max(0, count) }, (_, at) => words.slice(at, at + shingleWords).join(' ')),
    ),
  ];
}

function isSimilar(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  if (Math.min(one.size, other.size) < threshold * Math.max(one.size, other.size)) return false;
  let both = 0;
  for (const shingle of one) if (other.has(shingle)) both++;
  return both >= threshold * (one.size + other.size - both);
}

/** Disjoint groups of indices; the smallest index names a group. */
class Groups {
  readonly #parent: Uint32Array<ArrayBuffer>;

  constructor(length: number) {
    this.#parent = Uint32Array.from({ length }, (_, index) => index);
  }

  join(one: number, other: number): void {
    const [first, second] = [this.#first(one), this.#first(other)];
    this.#parent[Math.max(first, second)] = Math.min(first, second);
  }

  firsts(): Uint32Array<ArrayBuffer> {
    return this.#parent.map((_, index) => this.#first(index));
  }

  #first(index: number): number {
    let at = index;
    for (let up = this.#parent[at] ?? at; up !== at; up = this.#parent[at] ?? at) {
      this.#parent[at] = this.#parent[up] ?? up;
      at = up;
    }
    return at;
  }
}
