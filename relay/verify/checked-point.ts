import * as v from 'valibot';
import { TapestryError } from '../../client/errors.ts';
import { hashOfBytes } from '../storage/sha256.ts';
import { type Hash, isHash } from '../wire/hex.ts';

/**
 * A point up to which a run was verified: a commit whose state the source keeps, so that the next verification can begin
 * there. The hash of its entry covers all entries before it.
 */
export interface CheckedPoint {
  readonly run: Hash;
  readonly round: number;
  /** Sequence and hash of the entry that committed the round. */
  readonly sequence: number;
  readonly entry: Hash;
  /** The checkpoint of that commit, a signed note: if the run shows another journal, it proves a fork. */
  readonly checkpoint: string;
}

/** The most characters of the text of a point. */
export const maxPointLength = 8_192;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const hash = v.pipe(v.string(), v.check(isHash));
const pointSchema = v.strictObject({
  run: hash,
  round: count,
  sequence: count,
  entry: hash,
  checkpoint: v.string(),
});
const fileSchema = v.strictObject({ verified: pointSchema, sha256: hash });

/** The text of a JSON file, which ends with the hash of its content. */
export function encodePoint(point: CheckedPoint): string {
  return `${JSON.stringify({ verified: point, sha256: hashOfText(JSON.stringify(point)) })}\n`;
}

/** Null for a text that `encodePoint` did not make. */
export function parsePoint(text: string): CheckedPoint | null {
  try {
    const { verified } = v.parse(fileSchema, JSON.parse(text));
    return encodePoint(verified) === text ? verified : null;
  } catch {
    return null;
  }
}

function hashOfText(text: string): Hash {
  return hashOfBytes(new TextEncoder().encode(text));
}

/** The error of a point that is of another run than the one that is verified. */
export function otherRun(kept: Hash, found: Hash): TapestryError {
  return new TapestryError(
    'verify.other-run',
    `The run that was verified before is ${kept}, and this is run ${found}.`,
    'Name another file with --resume, or the run that it is of.',
  );
}
