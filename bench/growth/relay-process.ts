import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Serves the run in `folder` with the built relay; `words` are further ones of its command line. The caller ends the process. */
export function serve(
  folder: string,
  words: readonly string[] = [],
): Promise<{ readonly process: ChildProcess; readonly url: URL }> {
  const program = join(import.meta.dirname, 'tapestry.js');
  const args = [program, 'relay', '--data', folder, '--port', '0', '--json', ...words];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the relay ended with code ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { event, contribute } = JSON.parse(line);
      if (event === 'listening') resolve({ process: child, url: new URL('.', contribute) });
    });
  });
}
