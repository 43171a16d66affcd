import * as Comlink from 'comlink';
import { clock } from '../../../client/clock.ts';
import { measuredKernels } from '../../../client/gpu/tuning/measured-kernels.ts';
import { storedIdentity } from '../../../client/host/browser/identity.ts';
import { browserRuntime, contributing } from '../../../client/host/browser/runtime.ts';
import { postTo } from '../../../client/host/post.ts';
import { fetchFrom } from '../../../client/host/relay-errors.ts';
import { evaluatedRelay } from '../../evaluator/evaluated-relay.ts';
import { Evaluator } from '../../evaluator/evaluator.ts';
import { GpuLosses } from '../../evaluator/gpu-losses.ts';
import { watchLoaded } from '../../ui/page-bytes/loaded-bytes.ts';
import { problemOf } from '../../ui/problem.ts';
import type { EvaluateWorker } from './evaluate-api.ts';

/**
 * The evaluator of `tapestry evaluate`, in a tab. It is a worker of its own: it has no text and holds no corpus, and the page ends it with the
 * evaluation. Its key and its measured kernels are those of the node of this browser.
 */
const runtime = browserRuntime({ ...contributing, work: 'evaluating' });
/** The relay's address. The build puts this script into assets/, next to the page. */
const relay = new URL('..', self.location.href);

const api: EvaluateWorker = {
  watchLoaded: (add) => watchLoaded(['resource'], ({ initiatorType }) => initiatorType !== 'fetch', add),
  async evaluate(token, listener) {
    try {
      await runtime.hold(async () => {
        const identity = await storedIdentity();
        const access = { fetch: fetchFrom, post: postTo, identity, token: token ?? undefined };
        const run = await evaluatedRelay(relay, access);
        const kernels = (device: Parameters<typeof measuredKernels>[0]) =>
          measuredKernels(device, runtime.cache);
        const losses = await GpuLosses.open(await runtime.gpu(), kernels);
        try {
          const evaluator = new Evaluator({ ...run, clock, evaluate: losses.evaluate, onEvent: listener });
          // The page ends this worker to stop.
          await evaluator.run(new AbortController().signal);
        } finally {
          losses.close();
        }
      });
      return null;
    } catch (error) {
      return problemOf(error);
    }
  },
};

Comlink.expose(api);
