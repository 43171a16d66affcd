import { exportBase } from '../../../apps/cli/run/export-base.ts';
import { type Stage, tinyRun } from '../contribute/harness.ts';

/** A run of one round with one node that is over: its base as a model's folder, and the folder of its relay. */
export async function finishedRun(
  stage: Stage,
  base: string,
): Promise<{ readonly relay: string; readonly node: string; readonly run: string; readonly hash: string }> {
  const folder = await stage.folder();
  const create = tinyRun({ rounds: 1, localSteps: 1, quorum: 1, target: 1 });
  const relay = await stage.relay({ folder, create });
  const node = await stage.folder();
  const problem = await stage.node(node, relay.url).done;
  if (problem !== undefined) throw problem;
  const { baseHash: hash } = await exportBase(relay, base, []);
  const run = relay.runId;
  await relay.close();
  return { relay: folder, node, run, hash };
}
