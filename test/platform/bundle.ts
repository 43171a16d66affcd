import { join } from 'node:path';
import { build } from 'vite';

/** Builds `entry.ts` into one module, `entry.js`, as the project's own bundles are built. */
export async function bundleEntry(folder: string): Promise<string> {
  await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      target: 'es2024',
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      lib: { entry: join(import.meta.dirname, 'entry.ts'), formats: ['es'], fileName: () => 'entry.js' },
    },
  });
  return join(folder, 'entry.js');
}
