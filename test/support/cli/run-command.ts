import type { Command } from 'commander';
import { vi } from 'vitest';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs a command in this process with `--json`; resolves with what it wrote, one object a line. */
export async function runCommand(
  command: Command,
  words: readonly string[],
): Promise<Record<string, unknown>[]> {
  let text = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  const before = signals.map((signal) => new Set(process.listeners(signal)));
  try {
    await command.exitOverride().parseAsync([...words, '--json'], { from: 'user' });
  } finally {
    write.mockRestore();
    // A command ends with its process, and handles its signals until then; this process goes on.
    for (const [i, signal] of signals.entries())
      for (const listener of process.listeners(signal))
        if (before[i]?.has(listener) === false) process.off(signal, listener);
  }
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}
