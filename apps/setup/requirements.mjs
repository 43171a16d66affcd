import { SetupError } from './report.mjs';

/** The oldest Node that runs this folder; it then installs and uses the pinned one. package.json says the same. */
export const oldestNode = 20;

/**
 * Refuses a Node that is too old, before anything is installed with it.
 * @param {string} version as `process.versions.node` gives it
 * @throws {SetupError}
 */
export function requireNode(version) {
  if (Number(version.split('.')[0]) >= oldestNode) return;
  throw new SetupError(
    `This is Node ${version}; set-up needs Node ${oldestNode} or newer.`,
    'Install a current Node from nodejs.org or with your system, then run the same command again.',
  );
}

/** The oldest Node that runs the bundles; a package brings no Node of its own. */
export const oldestPackagedNode = 24;

/**
 * Refuses a Node that cannot run the bundles of a package.
 * @param {string} version as `process.versions.node` gives it
 * @throws {SetupError}
 */
export function requirePackagedNode(version) {
  if (Number(version.split('.')[0]) >= oldestPackagedNode) return;
  throw new SetupError(
    `This is Node ${version}; tapestry needs Node ${oldestPackagedNode} or newer.`,
    'Install a current Node from nodejs.org or with your system, or put "-p node@26" after npx.',
  );
}

/**
 * Refuses a folder that the packages cannot be built in: Vite reads `#` and `?` in a path as parts of an address.
 * @param {string} root
 * @throws {SetupError}
 */
export function requirePath(root) {
  const character = /[#?]/.exec(root)?.[0];
  if (character === undefined) return;
  throw new SetupError(
    `The path of this folder contains "${character}", and Vite cannot build in such a folder: ${root}`,
    'Rename or move the folder, then run the same command again.',
  );
}
