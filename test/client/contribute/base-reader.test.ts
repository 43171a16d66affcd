import { afterEach, expect, test } from 'vitest';
import { BaseReader } from '../../../client/contribute/base-reader.ts';
import type { Network } from '../../../client/contribute/network.ts';
import { nodeNetwork } from '../../../client/host/node/network.ts';
import { nodeRuntime } from '../../../client/host/node/runtime.ts';
import { initialParameters, layoutOf } from '../../../client/model/parameters.ts';
import { impatient, Stage, tinyConfig, tinyRun } from '../../support/contribute/harness.ts';

const stage = new Stage();
afterEach(() => stage.close());
const { signal } = new AbortController();

/** The network of a folder's node, and the bases that it was asked for since the last look. */
function watched(network: Network): { network: Network; asked: () => string[] } {
  let paths: string[] = [];
  return {
    network: {
      ...network,
      fetch: (url, init) => {
        paths.push(url.pathname);
        return network.fetch(url, init);
      },
    },
    asked() {
      const bases = paths.filter((path) => path.startsWith('/blobs/'));
      paths = [];
      return bases;
    },
  };
}

test('bases come from the node’s file, from memory or from the relay, and only those of the run', async () => {
  const create = tinyRun({ rounds: 2, localSteps: 1, quorum: 1, target: 1 });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const folder = await stage.folder();
  expect(await stage.node(folder, relay.url).done).toBeUndefined();
  const [first, last] = relay.status().history.map(({ base }) => base);
  if (first === undefined || last === undefined) throw new Error('the run has two rounds');

  const runtime = impatient(nodeRuntime({ folder }), 1);
  const { network, asked } = watched(nodeNetwork(runtime.files));
  const reader = new BaseReader(runtime, network, relay.url);
  const run = await reader.open(relay.runId, signal);
  expect(run).toMatchObject({ name: 'tiny', config: tinyConfig, localSteps: 1 });

  // The node measured the last base at its end, and its file holds it.
  expect((await reader.base(relay.runId, last, signal)).parameters).toEqual((await relay.base()).parameters);
  expect(asked()).toEqual([]);
  expect((await reader.base(relay.runId, first, signal)).hash).toBe(first);
  expect(asked()).toEqual([`/blobs/${first}`]);
  const initial = await reader.base(relay.runId, null, signal);
  expect(initial.parameters).toEqual(initialParameters(tinyConfig, layoutOf(tinyConfig), 1));
  expect(asked()).toEqual([`/blobs/${initial.hash}`]);
  // The two used last are in memory.
  for (const hash of [first, null]) await reader.base(relay.runId, hash, signal);
  expect(asked()).toEqual([]);

  await expect(reader.base(relay.runId, 'ab'.repeat(32), signal)).rejects.toMatchObject({
    code: 'relay.unreachable',
  });
  await expect(reader.open('cd'.repeat(32), signal)).rejects.toMatchObject({ code: 'relay.wrong-run' });
});
