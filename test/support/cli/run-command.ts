import type { Command } from 'commander';
import { vi } from 'vitest';

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
  try {
    await command.exitOverride().parseAsync([...words, '--json'], { from: 'user' });
  } finally {
    write.mockRestore();
  }
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}
