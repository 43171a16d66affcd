import { expect, test } from 'vitest';
import { exit } from '../../../../apps/cli/exit-codes.ts';
import { OutputStreams } from '../../../../apps/cli/terminal/streams.ts';

/** A process whose streams fail when told to. */
function fakeProcess() {
  const listeners: Record<string, (error: NodeJS.ErrnoException) => void> = {};
  const thrown: Record<string, string> = {};
  const written: string[] = [];
  const exits: number[] = [];
  const errorOf = (code: string) => Object.assign(new Error(`${code}: write`), { code });
  const stream = (name: string) => ({
    write(text: string) {
      const code = thrown[name];
      if (code !== undefined) throw errorOf(code);
      written.push(`${name}: ${text}`);
    },
    on(_: 'error', listener: (error: NodeJS.ErrnoException) => void) {
      listeners[name] = listener;
    },
  });
  return {
    written,
    exits,
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    exit: (code: number) => exits.push(code),
    /** Emits an asynchronous error, as pipes and terminals do. */
    fail: (name: string, code: string) => listeners[name]?.(errorOf(code)),
    /** Makes each later write throw, as it does for files. */
    throwing: (name: string, code: string) => {
      thrown[name] = code;
    },
  };
}

test('a command that prints ends quietly when its reader goes away', () => {
  const process = fakeProcess();
  const streams = new OutputStreams(process);
  streams.write('stdout', 'one');
  process.fail('stdout', 'EPIPE');
  streams.write('stdout', 'two');
  expect(process.written).toEqual(['stdout: one']);
  expect(process.exits).toEqual([exit.brokenPipe]);
});

test.each(['ENOSPC', 'EIO'])('a command that prints reports that %s cut off its output', (code) => {
  const process = fakeProcess();
  const streams = new OutputStreams(process);
  process.throwing('stdout', code);
  streams.write('stdout', 'one');
  expect(process.written).toEqual([expect.stringMatching(`^stderr: error\\[output.failed\\]: .*${code}`)]);
  expect(process.exits).toEqual([exit.failed]);
});

test.each(['EPIPE', 'ENOSPC', 'EIO'])('a relay or node continues after %s on either stream', (code) => {
  const process = fakeProcess();
  const streams = new OutputStreams(process);
  streams.serve();
  process.fail('stdout', code);
  process.throwing('stderr', code);
  streams.write('stdout', 'one');
  streams.write('stderr', 'two');
  process.fail('stderr', code);
  expect(process.written).toEqual([]);
  expect(process.exits).toEqual([]);
});

test('losing stderr does not stop the output on stdout', () => {
  const process = fakeProcess();
  const streams = new OutputStreams(process);
  process.fail('stderr', 'EPIPE');
  streams.write('stdout', 'answer');
  expect(process.written).toEqual(['stdout: answer']);
  expect(process.exits).toEqual([]);
});
