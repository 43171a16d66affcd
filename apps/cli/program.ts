import { dirname, join } from 'node:path';

/** The folder of the program that was started, dist/headless/. */
const folder = () => dirname(process.argv[1] ?? '');

/** The path of another program beside the one that was started, such as `join`. */
export function siblingProgram(name: string): string {
  return join(folder(), `${name}.js`);
}

/** The folder of the built pages, which a relay serves. */
export function pagesFolder(): string {
  return join(folder(), '..', 'pages');
}

/** The folder of the built studio. */
export function studioFolder(): string {
  return join(folder(), '..', 'studio');
}
