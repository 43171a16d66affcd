import { TapestryError } from '../../client/errors.ts';
import type { Replay } from '../../relay/journal/replay.ts';
import { type Hash, toHex } from '../../relay/wire/hex.ts';

/** The number of a run's evaluators, if `key` is one of them. Throws `evaluate.not-granted`. */
export function requireGrant({ id, manifest }: Replay['run'], key: Hash): number {
  const { quality } = manifest;
  const evaluators = quality.case === 'claimed' ? [] : quality.value.evaluators.map(toHex);
  if (evaluators.includes(key)) return evaluators.length;
  throw new TapestryError(
    'evaluate.not-granted',
    `The manifest of run ${id} grants this key no evaluation: ${key}`,
    "Give the key to the relay's operator, who starts a run with --quality measured --evaluators KEYS.",
  );
}
