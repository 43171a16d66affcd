import { newRun } from '../../apps/cli/run/new-run.ts';
import { presets } from '../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../client/model/parameters.ts';
import type { NewRun } from '../../relay/run/run.ts';

const hour = 3_600_000;

/**
 * A run of so many nodes with sparse deltas, and no guard: its contributions are random. Its model is the preset `mini` with
 * so many layers; 8 give 10.0M parameters. A round waits for all nodes.
 */
export function loadRun({
  layers,
  rounds,
  nodes,
}: {
  layers: number;
  rounds: number;
  nodes: number;
}): NewRun {
  const config = { ...presets.mini, layers };
  return newRun({
    ...{ name: 'load', preset: 'mini', rounds, steps: 1, batch: 1, corpora: ['load'], codec: 'sparse' },
    start: { config, parameters: initialParameters(config, layoutOf(config), 1) },
    ...{ quorum: nodes, maxNodes: nodes, deadlineMs: hour, graceMs: hour, graceShare: 99 },
    ...{ readers: 'anyone', seed: 1, created: 1, payloadRounds: 1 },
  });
}
