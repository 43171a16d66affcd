import { type CodecName, codecFor } from '../../apps/cli/run/choices/delta-choices.ts';
import type { DownlinkName } from '../../apps/cli/run/choices/downlink-choices.ts';
import { newRun } from '../../apps/cli/run/new-run.ts';
import { mean } from '../../client/mean.ts';
import { Random } from '../../client/random.ts';
import { manifestBytesOf, parseManifest } from '../../relay/run/manifest.ts';
import { RoundFold } from '../../relay/run/round-fold.ts';
import { hashOfBytes } from '../../relay/storage/sha256.ts';
import type { TinyLayout } from '../attack/table/model.ts';
import { steps, TrainingNodes } from '../attack/table/nodes.ts';
import { readText, type Text } from '../shakespeare.ts';

export interface DownlinkOptions {
  readonly nodes: number;
  readonly rounds: number;
  readonly seeds: number;
  readonly codec: CodecName;
  readonly downlinks: readonly DownlinkName[];
}

/**
 * The held-out loss of a tiny model after federated rounds for each downlink, through the real codec, error feedback, merge, outer
 * step and downlink. Yields a record for each, with its `excess`: how far its loss is above that of whole bases, as a part of it.
 */
export async function* downlinkBench(options: DownlinkOptions): AsyncGenerator<object> {
  const { nodes, rounds, seeds, codec, downlinks } = options;
  const text = await readText();
  const seedsOf = async (downlink: DownlinkName) => {
    const runs: Outcome[] = [];
    for (let seed = 0; seed < seeds; seed++) runs.push(await lossOf(text, downlink, seed, options));
    return runs;
  };
  const whole = await seedsOf('full');
  for (const downlink of downlinks) {
    const runs = downlink === 'full' ? whole : await seedsOf(downlink);
    const excesses = runs.map(({ loss }, seed) => loss / (whole[seed]?.loss ?? Number.NaN) - 1);
    yield {
      ...{ bench: 'downlink', codec, downlink, nodes, rounds, seeds, bitsDown: runs[0]?.bitsDown },
      ...{ loss: mean(runs.map(({ loss }) => loss)), excess: mean(excesses) },
      ...{ least: Math.min(...excesses), most: Math.max(...excesses) },
    };
  }
}

interface Outcome {
  /** In nats a character. */
  readonly loss: number;
  /** Of a round's base by parameter, for a node that has the one before. */
  readonly bitsDown: number;
}

async function lossOf(
  text: Text,
  downlinkName: DownlinkName,
  seed: number,
  { nodes, rounds, codec: codecName }: DownlinkOptions,
): Promise<Outcome> {
  const honest = new TrainingNodes(text, nodes, seed);
  const { length } = honest.layout;
  const { manifest, codec, downlink } = runOf(codecName, downlinkName, honest.layout, { nodes, rounds });
  const fold = new RoundFold(manifest, codec, [honest.layout.initial(Random.seeded(seed))]);
  for (let round = 1; round <= rounds; round++) {
    const contributions = honest.contribute(fold.base, codec).map(({ payload, tokens }) => ({
      ...{ tokens, payload: hashOfBytes(payload), part: 'whole' as const, read: async () => payload },
    }));
    fold.commit((await fold.next(round, contributions)).state);
  }
  const bytesDown = downlink?.payloadBytes(length) ?? 4 * length;
  return { loss: honest.loss(fold.base), bitsDown: (8 * bytesDown) / length };
}

/** The manifest of a new run with the weighted mean, but for a model of the bench's own. */
function runOf(
  codecName: CodecName,
  downlink: DownlinkName,
  { length }: TinyLayout,
  { nodes, rounds }: Pick<DownlinkOptions, 'nodes' | 'rounds'>,
) {
  const { manifest } = newRun({
    ...{ name: 'downlink', preset: 'nano', rounds, steps, batch: 1, corpora: [], quorum: 1, merge: 'mean' },
    ...{ deadlineMs: 1, graceMs: 0, readers: 'anyone', created: 0, seed: 0, maxNodes: nodes },
    ...{ codec: codecName, downlink },
  });
  const { draft, codec } = codecFor(codecName, length);
  return parseManifest(
    manifestBytesOf(
      {
        ...manifest,
        model: { ...manifest.model, parameters: length },
        codec: draft,
        limits: { ...manifest.limits, payloadBytes: codec.payloadBytes(length) },
      },
      { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) },
    ),
  );
}
