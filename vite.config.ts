import { fileURLToPath } from 'node:url';
import { defineConfig, type UserConfig } from 'vite';
import { type OfflinePage, storedFiles } from './apps/ui/offline/stored-files.ts';
import { udhrPlugin } from './client/data/udhr/plugin.ts';

/** The form of yaml for browsers, in every bundle: that for Node reads the environment, which Deno refuses. */
const yaml = fileURLToPath(new URL('browser/index.js', import.meta.resolve('yaml/package.json')));

/** The verifier and the evaluator hash with Node's own code where they run in Node, and in pages with this file of the same functions. */
const hashInBrowser = {
  find: /^(?:\.\.?\/)+(?:relay\/)?storage\/sha256\.ts$/,
  replacement: fileURLToPath(new URL('relay/storage/sha256-in-browser.ts', import.meta.url)),
};

/** Workers whose scripts keep their own names; any other has the name that its build gives it. */
const namedWorkers = ['audit-worker', 'base-worker', 'evaluate-worker', 'function-worker'];

/**
 * A build of pages into a folder of `dist`. The worker's script has the name of `worker`; the pages of `offline` open without their
 * server, and the files of `installed` keep their names, because the manifest names them.
 */
function pagesBuild(
  folder: string,
  worker: string,
  offline: readonly OfflinePage[],
  pages: Readonly<Record<string, string>>,
  installed: string | false,
): UserConfig {
  const input = { ...pages, offline: 'apps/ui/offline/service-worker.ts' };
  return {
    root: 'apps',
    publicDir: installed,
    // Every address is relative to its page, so that the pages may be served below any path.
    base: './',
    plugins: [udhrPlugin(), storedFiles(offline)],
    resolve: { alias: [{ find: 'yaml', replacement: yaml }, hashInBrowser] },
    build: {
      outDir: `../dist/${folder}`,
      emptyOutDir: true,
      target: 'es2024',
      // The pages' content-security policy knows no data: addresses.
      assetsInlineLimit: 0,
      // The browsers that have WebGPU preload modules by themselves; the substitute would fetch them, which the studio's policy forbids.
      modulePreload: { polyfill: false },
      rollupOptions: {
        input,
        // A service worker controls the pages beside and below it, and keeps its name.
        output: {
          entryFileNames: ({ name }) => (name === 'offline' ? '[name].js' : 'assets/[name]-[hash].js'),
        },
      },
    },
    worker: {
      format: 'es',
      plugins: () => [udhrPlugin()],
      // Servers give the scripts of workers policies of their own, and know them by these names.
      rollupOptions: {
        output: {
          entryFileNames: ({ name }) => `assets/${namedWorkers.includes(name) ? name : worker}-[hash].js`,
          chunkFileNames: `assets/${worker}/[name]-[hash].js`,
        },
      },
    },
  };
}

export default defineConfig(({ mode }): UserConfig => {
  if (mode === 'studio')
    return pagesBuild(
      'studio',
      'studio-worker',
      [{ html: 'studio.html', address: './' }],
      { studio: 'apps/studio.html' },
      false,
    );
  if (mode !== 'headless')
    return pagesBuild(
      'pages',
      'contribute-worker',
      [
        { html: 'audit.html', address: 'audit' },
        { html: 'index.html', address: './' },
      ],
      { contribute: 'apps/index.html', dashboard: 'apps/dashboard.html', audit: 'apps/audit.html' },
      'ui/installed',
    );
  return {
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
          evaluate: 'apps/cli/run/evaluator/main.ts',
          'sample-worker': 'apps/cli/sample-worker.ts',
          'function-worker': 'apps/cli/function-worker.ts',
          'probe-worker': 'apps/cli/probe-worker.ts',
          'export-worker': 'apps/cli/export-worker.ts',
          'compute-worker': 'relay/threads/compute-worker.ts',
          bench: 'bench/main.ts',
          contender: 'bench/step/tapestry-process.ts',
          'load-nodes': 'bench/load/nodes-process.ts',
          'sovereign-build': 'bench/sovereign/build-process.ts',
          'contender-page': 'bench/step/tapestry-page.ts',
        },
      },
    },
  };
});
