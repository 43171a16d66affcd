#!/usr/bin/env node
// The command `tapestry`. In a checkout it goes through the front door like `npm run tapestry`, but relative paths mean the
// folder that it is called in. A package has its bundles inside, and runs with the Node that runs this file.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { open, orTell, runInPlace } from '../front-door.mjs';
import { requirePackagedNode } from '../requirements.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = process.cwd();
const args = process.argv.slice(2);

await orTell(async () => {
  // npm puts no lock file into a package.
  if (existsSync(join(root, 'package-lock.json'))) return open(root, folder, 'tapestry', args);
  requirePackagedNode(process.versions.node);
  const program = join('dist', 'headless', 'tapestry.js');
  process.exitCode = await runInPlace({ root, folder, node: process.execPath }, [program, ...args]);
});
