import { defineConfig } from 'vite';
import { udhrPlugin } from './client/data/udhr-plugin.ts';

export default defineConfig(({ mode }) =>
  mode === 'headless'
    ? {
        plugins: [udhrPlugin()],
        // One bundle for Node and Deno. Only the WebGPU binding and Node's own modules stay outside.
        ssr: { noExternal: true, external: ['webgpu'] },
        build: {
          ssr: true,
          outDir: 'dist/headless',
          target: 'es2024',
          rollupOptions: {
            input: {
              tapestry: 'apps/cli/main.ts',
              join: 'apps/cli/join-main.ts',
              bench: 'bench/main.ts',
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
          rollupOptions: {
            input: { contribute: 'apps/contribute/index.html', dashboard: 'apps/dashboard/index.html' },
          },
        },
        worker: { format: 'es', plugins: () => [udhrPlugin()] },
      },
);
