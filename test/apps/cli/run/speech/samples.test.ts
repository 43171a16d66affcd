import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { sampleText } from '../../../../../apps/cli/run/speech/sample-text.ts';
import { askThread } from '../../../../../apps/cli/run/thread.ts';
import { presets } from '../../../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../../../client/model/parameters.ts';
import { built } from '../../../../system/built.ts';

const config = presets.nano;
const request = (maxTokens: number) => ({
  config,
  tokenizer: null,
  parameters: initialParameters(config, layoutOf(config), 1),
  prompt: 'All human beings ',
  maxTokens,
  seed: 1,
  round: 2,
});

test('a sample is generated in a thread of its own and does not block the event loop', async () => {
  const program = join(dirname((await built()).tapestry), 'sample-worker.js');
  const wanted = request(200);
  const before = { own: process.threadCpuUsage(), all: process.cpuUsage() };
  const text = await askThread(program, wanted, AbortSignal.timeout(600_000));
  // Processor time, because the loop of a test on a loaded machine is late for other reasons.
  const own = process.threadCpuUsage(before.own);
  const all = process.cpuUsage(before.all);
  expect(own.user + own.system).toBeLessThan((all.user + all.system) / 2);
  expect(text).toBe(await sampleText(request(200)));
});

test('a cancelled sample ends at once', async () => {
  const program = join(dirname((await built()).tapestry), 'sample-worker.js');
  const abort = new AbortController();
  const writing = askThread(program, request(100_000), abort.signal);
  abort.abort(new Error('stopped'));
  await expect(writing).rejects.toThrow('stopped');
});
