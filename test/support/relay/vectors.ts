import { join } from 'node:path';
import { expect } from 'vitest';

/** The vectors of docs/protocol-vectors. After a deliberate change of the protocol, `vitest run -u` updates them. */
const folder = join(import.meta.dirname, '../../../docs/protocol-vectors');

/** Compares a file of vectors with what the code gives. */
export async function expectVectors(name: string, vectors: object): Promise<void> {
  await expect(`${JSON.stringify(vectors, null, 2)}\n`).toMatchFileSnapshot(join(folder, `${name}.json`));
}
