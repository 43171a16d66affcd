import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { rules } from '../../../../bench/protect/plants.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const times = v.pipe(v.string(), v.parseJson(), v.object({ ready: v.number(), first: v.number() }));

test("a process's first guarded reply does not wait for the guard to be compiled", async () => {
  const path = join(temporaryFolder(), 'protected.yaml');
  // JSON is YAML.
  await writeFile(path, JSON.stringify({ protected: rules }));
  const entry = join(import.meta.dirname, 'first-reply-entry.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [entry, path]);
  const { ready, first } = v.parse(times, stdout);
  // Without a rehearsal the first reply takes as long as compiling the rules; with it, a twentieth.
  expect(first).toBeLessThan(ready / 5);
});
