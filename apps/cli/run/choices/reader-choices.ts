import { TapestryError } from '../../../../client/errors.ts';
import type { WholeManifest } from '../../../../relay/wire/frames.ts';
import { fromHex, isHash, toHex } from '../../../../relay/wire/hex.ts';
import type { RunChoices } from '../new-run.ts';

/** The readers of a new run: those of the flag, or members where a token is needed. */
export function readersOf(who: string | undefined, hasToken: boolean): RunChoices['readers'] {
  if (who === undefined) return hasToken ? 'members' : 'anyone';
  return who === 'anyone' || who === 'members' ? who : fromHex(who);
}

/** The readers that a manifest names, in the form of the flag. */
export function readersIn({ contributionReaders: readers }: WholeManifest): string {
  return readers.case === 'auditor' ? toHex(readers.value.publicKey) : readers.case;
}

/** For commander. Throws `usage.readers`. */
export function checkedReaders(who: string): string {
  const lower = who.toLowerCase();
  if (lower === 'anyone' || lower === 'members' || isHash(lower)) return lower;
  throw new TapestryError(
    'usage.readers',
    `--readers ${who} is none of anyone, members and 64 digits of hex.`,
    'Use one of these; the digits are an Ed25519 public key.',
  );
}
