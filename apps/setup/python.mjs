import { spawnSync } from 'node:child_process';
import { distribution, distributionPython } from './system.mjs';

/** The system's own comes first: a Python that a version manager puts on the path rarely has a distribution's packages. */
const candidates = ['/usr/bin/python3', 'python3'];

/**
 * What must be installed before the tests have a Python that can check signatures: a verifier in another language is one
 * of them. test/support/python.ts looks in the same places.
 * @param {import('./remembered.mjs').Remembered} remembered
 * @returns {import('./system.mjs').Need[]}
 */
export function pythonNeeds(remembered) {
  if (remembered.answer('python', 'path') !== undefined) return [];
  const script = 'import sys, nacl.signing; sys.exit(sys.version_info < (3, 11))';
  const found = candidates.find(
    (program) => spawnSync(program, ['-c', script], { stdio: 'ignore' }).status === 0,
  );
  if (found === undefined) return [distributionPython(distribution())];
  remembered.keep('python', 'path', found);
  return [];
}
