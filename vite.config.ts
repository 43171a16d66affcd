import { defineConfig } from 'vite';
import { udhrPlugin } from './client/data/udhr-plugin.ts';

export default defineConfig(({ mode }) =>
  mode === 'headless'
    ? {
        plugins: [udhrPlugin()],
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
              bench: 'bench/main.ts',
              contender: 'bench/step/tapestry-process.ts',
              'contender-page': 'bench/step/tapestry-page.ts',
            },
          },
        },
      }
    : {
        root: 'apps',
        plugins: [udhrPlugin()],
        build: {
          outDir: '../dist/pages',
          emptyOutDir: true,
          target: 'es2024',
          // The pages' content-security policy knows no data: addresses.
          assetsInlineLimit: 0,
          rollupOptions: {
            input: { contribute: 'apps/contribute/index.html', dashboard: 'apps/dashboard/index.html' },
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
