import { type Built, type Ended, runTapestry } from './built.ts';

/**
 * Prints the most memory that a process ever held, in KiB, when it exits. The kernel's figure of the address space is taken:
 * that of getrusage begins with the memory of the process that started this one.
 */
const hook = `
  import { readFileSync } from 'node:fs';
  process.on('exit', () => {
    const [, peak] = /^VmHWM:\\s*(\\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    process.stderr.write('peak ' + peak + ' KiB\\n');
  });
`;

/** Runs `tapestry` with these arguments until it exits, on Linux; `bytes` is its largest resident set. */
export async function peakOf(
  tapestry: Built,
  words: readonly string[],
): Promise<Ended & { readonly bytes: number }> {
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(hook)}`;
  const ended = await runTapestry(tapestry, words, { NODE_OPTIONS });
  const [, peak] = /^peak (\d+) KiB$/m.exec(ended.stderr) ?? [];
  if (peak === undefined) throw new Error(`no peak was printed: ${ended.stderr}`);
  return { ...ended, bytes: 1024 * Number(peak) };
}
