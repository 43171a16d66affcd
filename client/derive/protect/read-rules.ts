import * as v from 'valibot';
import { readKeys } from '../recipe/read-keys.ts';
import { type ProtectedRule, protectedKeys, protectedSchema } from './schema.ts';

/** A file with a block `protected`. Its other keys are left to who reads them: a constitution has some. */
const form = {
  subject: 'protected' as const,
  schema: v.object({ protected: v.pipe(protectedSchema, v.minLength(1, 'must not be empty')) }),
  knownKeys: ['protected', ...protectedKeys],
  ignoredKeys: new Set<string>(),
  next: 'Correct the lines; docs/protection.md shows the rules.',
};

/**
 * Reads the rules of protected domains from YAML with a block `protected`. `name` is the file's, for messages. Throws
 * TapestryError `protected.yaml` for text that is no YAML, and `protected.invalid`, which names each fault with its line.
 */
export function parseProtectedRules(text: string, name: string): readonly ProtectedRule[] {
  return readKeys(text, name, form).keys.protected;
}
