import { onTestFinished } from 'vitest';
import { probeLoss } from '../../../../apps/cli/run/guard/probe-loss.ts';
import { modelConfigOf } from '../../../../client/contribute/run-model.ts';
import { Random } from '../../../../client/random.ts';
import { systemClock } from '../../../../relay/run/clock.ts';
import type { Evaluate } from '../../../../relay/run/guard/guard.ts';
import { bytesOfProbe, tokensOfProbe } from '../../../../relay/run/guard/probe-bytes.ts';
import type { NewRun } from '../../../../relay/run/run.ts';
import type { Relay, RelayOptions } from '../../../../relay/server/server.ts';
import { hashOfBytes } from '../../../../relay/storage/sha256.ts';
import { fromHex } from '../../../../relay/wire/hex.ts';
import { codecOf } from '../../../../relay/wire/manifest.ts';
import { tinyRun } from '../../contribute/harness.ts';
import { ScriptedNode } from '../scripted-node.ts';
import { start } from '../stage.ts';
import { scoredQuality } from './scored-quality.ts';

/** Enough for two windows of the tiny model. */
const probeTokens = 32;

/** A run of a tiny model whose contributions are scored, by these keys where there are any. Two nodes make a round. */
export function evaluatedRun(
  keys: readonly string[],
  { rounds = 3, quorum = 1 }: { readonly rounds?: number; readonly quorum?: number } = {},
): NewRun {
  const random = Random.seeded(7);
  const probe = bytesOfProbe(Uint32Array.from({ length: probeTokens }, () => random.below(256)));
  const tiny = tinyRun({ rounds, localSteps: 4, quorum: 2, target: 2, graceMs: 100 });
  const guard = { hash: fromHex(hashOfBytes(probe)), byteLength: probe.length, maxIncrease: 100, rounds };
  const isScored = keys.length > 0;
  return {
    ...tiny,
    probe,
    manifest: {
      ...tiny.manifest,
      guard: { case: 'probe', value: guard },
      quality: scoredQuality({
        ...{ evaluations: 2, scoreTolerance: 1, scorePart: 1, evaluators: keys.map(fromHex) },
        ...{ evaluatorQuorum: isScored ? quorum : 0, evaluationMs: isScored ? 120_000 : 0 },
      }),
    },
  };
}

/** What a relay measures itself, as `tapestry relay` does. */
export const evaluate: Evaluate = (manifest, parameters, probe) =>
  probeLoss({ config: modelConfigOf(manifest.model), parameters, tokens: tokensOfProbe(probe) });

/** A relay with such a run, on the system's clock. */
export function evaluatedRelay(options: Partial<Omit<RelayOptions, 'limits'>>): Promise<Relay> {
  return start({ ...options, evaluate, clock: systemClock });
}

/** Two nodes that contribute to the open round; resolves when the relay has both contributions. */
export async function contributeRound(relay: Relay): Promise<void> {
  const nodes = [await ScriptedNode.join(relay.url), await ScriptedNode.join(relay.url)];
  onTestFinished(() => {
    for (const node of nodes) node.vanish();
  });
  const { parameters } = relay.manifest.model;
  const codec = codecOf(relay.manifest);
  for (const [i, node] of nodes.entries()) {
    const opened = await node.next('roundOpen');
    const delta = Float32Array.from({ length: parameters }, (_, at) => Math.sin(at * (i + 1)) / 1000);
    await node.contribute(opened, codec.encode(delta, new Float32Array(parameters)), { tokens: 4 * 32 });
  }
}
