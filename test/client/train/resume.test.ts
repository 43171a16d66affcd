import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapestry-resume-'));
  // The WebGPU binding stays outside the bundle and is found beside it.
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  await build({
    configFile: false,
    logLevel: 'silent',
    ssr: { noExternal: true, external: ['webgpu'] },
    build: {
      ssr: join(import.meta.dirname, 'resume-entry.ts'),
      outDir: join(folder, 'bundle'),
      target: 'es2024',
      rollupOptions: { output: { entryFileNames: 'entry.mjs' } },
    },
  });
});
afterAll(() => rm(folder, { recursive: true }));

/** Trains from one step to another in a process of its own, which writes a checkpoint. */
async function train(name: string, kind: string, from: number, to: number): Promise<Record<string, number>> {
  const words = [join(folder, 'bundle/entry.mjs'), join(folder, name), String(to), kind];
  const { stdout } = await run(process.execPath, from > 0 ? [...words, String(from)] : words);
  return JSON.parse(stdout);
}

test.each([
  ['AdamW in float32', 'plain', 1000],
  ['Muon and AdamW with f16 storage, loss scaling and accumulation', 'mixed', 100],
])(
  '%s: a run in one process and a run resumed half way in a new process give the same bits',
  async (_, kind, steps) => {
    const through = await train(`${kind}-through`, kind, 0, steps);
    const half = await train(`${kind}-resumed`, kind, 0, steps / 2);
    const resumed = await train(`${kind}-resumed`, kind, steps / 2, steps);
    expect(half['loss']).not.toBe(through['loss']);
    expect(resumed).toEqual({ ...through, from: steps / 2 });
    expect(resumed['appliedSteps']).toBeGreaterThan(0.7 * steps);
    if (kind === 'mixed') expect(resumed['skippedSteps']).toBeGreaterThan(half['skippedSteps'] ?? steps);
    const checkpoint = (name: string) => readFile(join(folder, `${kind}-${name}`, `${steps}.safetensors`));
    expect((await checkpoint('resumed')).equals(await checkpoint('through'))).toBe(true);
  },
);

test('a checkpoint of another run is refused', async () => {
  await train('other', 'plain', 0, 1);
  await expect(train('other', 'mixed', 1, 2)).rejects.toThrow(/checkpoint\.other-run|another model/);
});
