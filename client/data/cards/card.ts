import * as v from 'valibot';
import { parse, stringify } from 'yaml';
import { printable, TapestryError } from '../../errors.ts';
import { canonicalJson } from '../../formats/json.ts';
import { sha256Hex } from '../../sha256.ts';

/** A data card's file has at most this many bytes. */
export const maxCardBytes = 2 ** 22;

/**
 * Who may have the data. `open`: everyone. `unique-open`: everyone, and only this member has collected it. `controlled`: those
 * who agreed to its terms. `sovereign`: the community that it belongs to, which decides. `private`: its owner.
 */
export const dataCategories = ['open', 'unique-open', 'controlled', 'sovereign', 'private'] as const;
export type DataCategory = (typeof dataCategories)[number];

/** What data may take part in: contributed training, builds at home, and the export of what was built on it. */
export const dataUses = ['contribute', 'build', 'export'] as const;
export type DataUse = (typeof dataUses)[number];

/** The uses of each category: without a word on the card, and those that a card may allow beside these. */
const policy: Readonly<
  Record<DataCategory, { readonly usual: readonly DataUse[]; readonly most: readonly DataUse[] }>
> = {
  open: { usual: dataUses, most: dataUses },
  'unique-open': { usual: dataUses, most: dataUses },
  controlled: { usual: ['build', 'export'], most: dataUses },
  sovereign: { usual: ['build'], most: ['build', 'export'] },
  private: { usual: ['build'], most: ['build', 'export'] },
};

const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'must be a SHA-256: 64 hexadecimal digits'));
const text = v.pipe(
  v.string('must be text'),
  v.nonEmpty('must not be empty'),
  v.maxLength(4096, 'is too long'),
);

const cardSchema = v.pipe(
  v.strictObject({
    category: v.picklist(dataCategories, `must be one of ${dataCategories.join(', ')}`),
    licence: text,
    /** Who agreed to which use, and when. */
    consent: v.optional(text),
    /** Whose law holds, such as NZ or DE-BY. */
    jurisdiction: v.optional(text),
    /** What the data may take part in, where that is not the usual of its category. */
    uses: v.optional(v.array(v.picklist(dataUses, `must be of ${dataUses.join(', ')}`), 'must be a list')),
    /** SHA-256 of the one file that the card is of. */
    hash: v.optional(hash),
    /** SHA-256 of each file of a folder, by its path from there. */
    files: v.optional(v.record(text, hash)),
  }),
  v.check(
    ({ hash: one, files }) => (one === undefined) !== (files === undefined),
    'must have a hash, or files',
  ),
  v.check(
    ({ category, uses = [] }) => uses.every((use) => policy[category].most.includes(use)),
    'allows a use that its category never has: sovereign and private data is not contributed',
  ),
);

export type DataCard = v.InferOutput<typeof cardSchema>;

/** A data card and its hash. */
export interface HashedCard {
  readonly hash: string;
  readonly card: DataCard;
}

/** Reads a data card from YAML. `name` is its file's, for messages. Throws `card.invalid`. */
export function parseCard(source: string, name: string): DataCard {
  const invalid = (what: string, cause?: unknown) =>
    new TapestryError(
      'card.invalid',
      `${printable(name)} is no data card: ${what}.`,
      'Correct it; docs/data-cards.md shows one, and tapestry card create writes one.',
      { cause },
    );
  let value: unknown;
  try {
    value = parse(source, { stringKeys: true, maxAliasCount: 0 });
  } catch (cause) {
    throw invalid(printable(cause instanceof Error ? cause.message : String(cause)), cause);
  }
  const parsed = v.safeParse(cardSchema, value);
  if (parsed.success) return parsed.output;
  const told = parsed.issues.map(({ path = [], message }) => {
    const place = path.map(({ key }) => printable(String(key))).join('.');
    return place === '' ? `it ${message}` : `${place}: ${message}`;
  });
  throw invalid(told.join('; '));
}

/** A card as YAML, with the keys in the order of this file. */
export function encodeCard({
  category,
  licence,
  consent,
  jurisdiction,
  uses,
  hash: one,
  files,
}: DataCard): string {
  return stringify({ category, licence, consent, jurisdiction, uses, hash: one, files });
}

/** SHA-256, in hex, of what a card says: its name in lineages. The layout of its file does not change it. */
export function cardHash(card: DataCard): string {
  return sha256Hex(`tapestry data card 1\n${canonicalJson(card)}`);
}

/** True if the data may take part in this. */
export function allows({ category, uses }: DataCard, use: DataUse): boolean {
  return (uses ?? policy[category].usual).includes(use);
}
