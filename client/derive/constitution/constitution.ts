import type * as v from 'valibot';
import { canonicalJson } from '../../formats/json.ts';
import { sha256Hex } from '../../sha256.ts';
import { type KeyPath, type ReadKeys, readKeys } from '../recipe/read-keys.ts';
import { constitutionSchema, knownKeys } from './schema.ts';

/** A constitution with its defaults filled in. */
export type Constitution = v.InferOutput<typeof constitutionSchema>;
export type Principle = Constitution['principles'][number];
export type Board = Constitution['boards'][number];

const form = {
  subject: 'constitution' as const,
  schema: constitutionSchema,
  knownKeys,
  ignoredKeys: new Set<string>(),
  next: 'Correct the lines; docs/constitution.md lists the keys and their values.',
};

/**
 * Reads a constitution from YAML. `name` is the file's, for messages. Throws TapestryError `constitution.yaml` for text that is no
 * YAML and `constitution.invalid`, which names each fault with its line.
 */
export function parseConstitution(text: string, name: string): Constitution {
  const read = readKeys(text, name, form);
  const { principles, boards } = read.keys;
  refuseDoubles(
    read,
    principles.map(({ id }) => id),
    (index) => ['principles', index, 'id'],
  );
  refuseDoubles(
    read,
    boards.map((board) => board.name),
    (index) => ['boards', index, 'name'],
  );
  for (const [index, { keys, needed }] of boards.entries()) {
    refuseDoubles(read, keys, (at) => ['boards', index, 'keys', at]);
    if (needed > keys.length)
      throw read.refuse(
        ['boards', index, 'needed'],
        `boards.${index}.needed is ${needed}, and the board has ${keys.length} keys`,
      );
  }
  return read.keys;
}

function refuseDoubles(
  { refuse }: ReadKeys<Constitution>,
  names: readonly string[],
  pathOf: (index: number) => KeyPath,
): void {
  const double = names.findIndex((name, index) => names.indexOf(name) < index);
  if (double < 0) return;
  const path = pathOf(double);
  throw refuse(path, `${path.join('.')} is ${names[double]}, which an earlier entry is too`);
}

/**
 * A constitution's canonical text, which its hash and its signatures are of: JSON with all defaults and the keys in order, after
 * a line that says what it is. Comments, the order of keys and the layout of the YAML do not change it.
 */
export function constitutionText(constitution: Constitution): string {
  return `tapestry constitution 1\n${canonicalJson(constitution)}`;
}

/** SHA-256 of the canonical text, in hex: the constitution's name. */
export function constitutionHash(constitution: Constitution): string {
  return sha256Hex(constitutionText(constitution));
}
