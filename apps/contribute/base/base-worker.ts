import * as Comlink from 'comlink';
import { BaseReader } from '../../../client/contribute/base-reader.ts';
import { encodeBaseFolder, filesOf } from '../../../client/formats/model-folder.ts';
import type { Device } from '../../../client/gpu/device.ts';
import { measuredKernels } from '../../../client/gpu/tuning/measured-kernels.ts';
import { browserNetwork } from '../../../client/host/browser/network.ts';
import { browserRuntime } from '../../../client/host/browser/runtime.ts';
import { watchLoaded } from '../../ui/page-bytes/loaded-bytes.ts';
import { problemOf } from '../../ui/problem.ts';
import type { Answer, BaseWorker } from './base-api.ts';
import { Votes } from './votes.ts';
import { writeTexts } from './writing.ts';

/**
 * Reads bases and writes with them, apart from the worker that trains, so that training never waits for a text. It has no text
 * of the person but the prompts, which stay here.
 */
const runtime = browserRuntime();
/** The relay's address. The build puts this script into assets/, next to the page. */
const reader = new BaseReader(runtime, browserNetwork(), new URL('..', self.location.href));
const votes = new Votes(runtime.files);
let writing = new AbortController();

async function answer<T>(work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { result: await work() };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

const api: BaseWorker = {
  write: ({ run: id, texts, prompt, spareGpu }, onText) =>
    answer(async () => {
      writing.abort();
      writing = new AbortController();
      const { signal } = writing;
      try {
        const run = await reader.open(id, signal);
        const wanted = [];
        for (const { base, seed } of texts) wanted.push({ base: await reader.base(id, base, signal), seed });
        const host = {
          gpu: runtime.gpu,
          kernels: (device: Device) => measuredKernels(device, runtime.cache),
        };
        const device = spareGpu ? 'cpu' : 'auto';
        await writeTexts(host, { run, texts: wanted, prompt, device }, onText, signal);
        return true;
      } catch (error) {
        if (signal.aborted) return false;
        throw error;
      }
    }),
  stop: () => writing.abort(),
  // The person asked for these bases; no node did.
  watchLoaded: (add) => watchLoaded(['resource'], () => true, add),
  modelFolder: ({ run: id, base: hash, facts }) =>
    answer(async () => {
      const { signal } = new AbortController();
      const run = await reader.open(id, signal);
      const { parameters } = await reader.base(id, hash, signal);
      const { name, config, layout, localSteps, tokenizer } = run;
      // The manifest does not say whether the run began with a model of others, whose licence would bind this one.
      const card = { name, run: id, localSteps, license: 'unknown', ...facts };
      const folder = encodeBaseFolder(config, layout, parameters, tokenizer, card);
      return filesOf(folder).map(([file, bytes]) => ({ name: file, blob: new Blob([bytes]) }));
    }),
  vote: (vote) => answer(() => votes.add(vote)),
  votes: (run) => answer(() => votes.file(run)),
};

Comlink.expose(api);
