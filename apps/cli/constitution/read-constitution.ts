import { basename, dirname } from 'node:path';
import { constitutionHash, parseConstitution } from '../../../client/derive/constitution/constitution.ts';
import {
  checkSignatures,
  encodeSignatures,
  maxSignatureBytes,
  parseSignatures,
  type Signature,
  type SignedConstitution,
  signaturesFile,
} from '../../../client/derive/constitution/signatures.ts';
import { maxRecipeBytes } from '../../../client/derive/recipe/read-keys.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { diskFiles } from '../../../client/host/disk.ts';
import { NotRead, readRegularFile, whyNotRead } from '../../../client/host/regular-file.ts';

/**
 * Reads a constitution and checks its signatures, which are in a file beside it.
 * @throws TapestryError `constitution.missing`, `constitution.yaml`, `constitution.invalid` or `constitution.signatures`
 */
export async function readConstitutionFile(path: string): Promise<SignedConstitution> {
  const text = new TextDecoder().decode(await readFileOf(path, maxRecipeBytes));
  const constitution = parseConstitution(text, path);
  const signed = await checkSignatures(constitution, await readSignatures(path));
  return { constitution, hash: constitutionHash(constitution), signed };
}

/** The signatures beside a constitution; none where there is no file. Throws `constitution.signatures` or `constitution.missing`. */
export async function readSignatures(path: string): Promise<readonly Signature[]> {
  const file = signaturesFile(path);
  const bytes = await readRegularFile(file, maxSignatureBytes).catch((error: unknown) => {
    if (error instanceof NotRead && error.reason === 'missing') return null;
    throw notRead(file, error);
  });
  return parseSignatures(bytes, file);
}

/** Writes the signatures beside a constitution, durably. Throws `constitution.signatures` or `disk.*`. */
export function writeSignatures(path: string, signatures: readonly Signature[]): Promise<void> {
  return diskFiles(dirname(path)).write(basename(signaturesFile(path)), encodeSignatures(signatures));
}

async function readFileOf(path: string, most: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readRegularFile(path, most);
  } catch (error) {
    throw notRead(path, error);
  }
}

function notRead(path: string, error: unknown): unknown {
  if (!(error instanceof NotRead)) return error;
  return new TapestryError(
    'constitution.missing',
    `${printable(path)} ${whyNotRead(error, maxRecipeBytes)}.`,
    'Name a constitution; docs/constitution.md shows one.',
    { cause: error },
  );
}
