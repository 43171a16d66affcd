import { basename, dirname } from 'node:path';
import { TapestryError } from '../../../client/errors.ts';
import { NotRead, readRegularFile } from '../../../client/host/regular-file.ts';
import { nodeFiles, writeDurably } from '../../../relay/storage/files.ts';
import {
  type CheckedPoint,
  encodePoint,
  maxPointLength,
  parsePoint,
} from '../../../relay/verify/checked-point.ts';

/** The point that a file of `verify --resume` holds; null if there is no such file. Throws `verify.resume-damaged`. */
export async function pointIn(path: string): Promise<CheckedPoint | null> {
  if ((await nodeFiles.stat(path)) === null) return null;
  let point: CheckedPoint | null = null;
  try {
    point = parsePoint(new TextDecoder().decode(await readRegularFile(path, maxPointLength)));
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
  }
  if (point !== null) return point;
  throw new TapestryError(
    'verify.resume-damaged',
    `${path} is not a file that verify --resume wrote, or it was changed.`,
    'Name another file. If it was one, delete it: the run is then verified from its beginning.',
  );
}

/** Replaces the file at once: an interruption leaves the point before or this one. */
export async function writePoint(path: string, point: CheckedPoint): Promise<void> {
  await writeDurably(nodeFiles, dirname(path), basename(path), new TextEncoder().encode(encodePoint(point)));
}
