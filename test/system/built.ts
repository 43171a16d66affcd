import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { buildIfChanged } from '../../apps/setup/build.mjs';

const root = join(import.meta.dirname, '../..');

export interface Built {
  /** The folder of the pages, as a relay serves them. */
  readonly pages: string;
  /** The folder of the studio. */
  readonly studio: string;
  /** The `tapestry` command's script. */
  readonly tapestry: string;
}

/** The product built from the current sources, at most once for all tests. */
export async function built(): Promise<Built> {
  await buildIfChanged(root);
  const within = (path: string) => join(root, 'dist', path);
  return { pages: within('pages'), studio: within('studio'), tapestry: within('headless/tapestry.js') };
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `tapestry` with these arguments until it exits. */
export function runTapestry(
  { tapestry }: Built,
  words: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const env = { ...process.env, NO_COLOR: '1', ...variables };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [tapestry, ...words], { env }, (error, stdout, stderr) => {
      if (error === null) resolve({ code: 0, stdout, stderr });
      else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
      else reject(error);
    });
  });
}
