import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { udhrPlugin } from './client/data/udhr/plugin.ts';

/** The form of yaml for browsers, in every bundle: that for Node reads the environment, which Deno refuses. */
const yaml = fileURLToPath(new URL('browser/index.js', import.meta.resolve('yaml/package.json')));

export default defineConfig(({ mode }) =>
  mode === 'headless'
    ? {
        plugins: [udhrPlugin()],
        resolve: { alias: { yaml } },
        // One bundle for Node and Deno. Only the WebGPU binding and Node's own modules stay outside, and the browser's
        // driver, which one bench loads.
        ssr: { noExternal: true, external: ['webgpu', 'playwright'] },
        build: {
          ssr: true,
          outDir: 'dist/headless',
          target: 'es2024',
          rollupOptions: {
            input: {
              tapestry: 'apps/cli/main.ts',
              join: 'apps/cli/join-main.ts',
              'sample-worker': 'apps/cli/sample-worker.ts',
              'probe-worker': 'apps/cli/probe-worker.ts',
              bench: 'bench/main.ts',
              contender: 'bench/step/tapestry-process.ts',
              'contender-page': 'bench/step/tapestry-page.ts',
            },
          },
        },
      }
    : {
        root: 'apps',
        // Every address is relative to its page, so that a relay may sit below any path.
        base: './',
        plugins: [udhrPlugin()],
        resolve: { alias: { yaml } },
        build: {
          outDir: '../dist/pages',
          emptyOutDir: true,
          target: 'es2024',
          // The pages' content-security policy knows no data: addresses.
          assetsInlineLimit: 0,
          rollupOptions: {
            input: { contribute: 'apps/index.html', dashboard: 'apps/dashboard.html' },
          },
        },
        worker: {
          format: 'es',
          plugins: () => [udhrPlugin()],
          // The relay gives the worker's script a policy of its own, and knows it by this name.
          rollupOptions: {
            output: {
              entryFileNames: 'assets/contribute-worker-[hash].js',
              chunkFileNames: 'assets/contribute-worker/[name]-[hash].js',
            },
          },
        },
      },
);
