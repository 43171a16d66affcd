import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll } from 'vitest';
import { speak } from '../apps/ui/language/language.ts';
import { seed } from './support/seed.ts';

// Runs before every test file, and makes it the same on every machine: properties are tried on the same values, and
// neither this user's settings nor what was measured for their own training is any of the tests' business. No proxy knows
// this machine. TAPESTRY_HOSTILE is no setting: it asks for a longer test. Pages wait for their language before they render;
// files that share a worker share that language too, so each begins with the same one.
fc.configureGlobal({ seed });
await speak('en');
for (const name of Object.keys(process.env)) {
  if (/^(TAPESTRY_(?!HOSTILE$).*|FORCE_COLOR|(http|https|all)_proxy)$/i.test(name)) delete process.env[name];
}
const own = mkdtempSync(join(tmpdir(), 'tapestry-own-'));
process.env['TAPESTRY_CACHE'] = join(own, 'cache');
process.env['XDG_DATA_HOME'] = join(own, 'data');
afterAll(() => rmSync(own, { recursive: true, force: true }));
