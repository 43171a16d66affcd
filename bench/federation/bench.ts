import { mean } from '../../client/mean.ts';
import { type FoldedContribution, RoundFold } from '../../relay/run/round-fold.ts';
import { hashOfBytes } from '../../relay/storage/sha256.ts';
import { type FederatedOptions, openFederated } from './nodes.ts';

/** At most this many batches of each corpus's held-out text are measured. */
const maxBatches = 16;

/**
 * Trains the same nodes twice, for equally many steps each: together, through the run's own codec, merge and outer step,
 * and each alone. Yields a record a round, then the mean held-out loss over all corpora of the shared base and of each
 * isolated node's model, in nats a byte.
 */
export async function* federation(options: FederatedOptions): AsyncGenerator<object> {
  const { preset, rounds, steps, batch } = options;
  const federated = await openFederated(options);
  const { manifest, codec, created, tokens } = federated;
  const fold = new RoundFold(manifest, codec, [created.initialBase]);
  const together = federated.nodes();
  for (let round = 0; round < rounds; round++) {
    const norms: number[] = [];
    const contributions: FoldedContribution[] = [];
    for (const node of together) {
      const { payload, norm } = await federated.contribute(node, fold.base, round);
      norms.push(norm);
      const read = async () => payload;
      contributions.push({ tokens, payload: hashOfBytes(payload), part: 'whole', read });
    }
    const { state, excluded } = await fold.next(round + 1, contributions);
    fold.commit(state);
    const heldOut = mean(await federated.losses(fold.base, maxBatches));
    yield { event: 'round', round: round + 1, heldOut, norms, excluded };
  }
  const shared = await federated.losses(fold.base, maxBatches);
  const sharedMean = mean(shared);

  const isolated: { corpus: string; mean: number; losses: number[] }[] = [];
  for (const node of federated.nodes()) {
    let parameters = created.initialBase;
    for (let round = 0; round < rounds; round++) parameters = await federated.train(node, parameters, round);
    const alone = await federated.losses(parameters, maxBatches);
    isolated.push({ corpus: node.corpus.name, mean: mean(alone), losses: alone });
    yield { event: 'isolated', corpus: node.corpus.name, heldOut: mean(alone) };
  }
  const sharedWins = isolated.every((alone) => sharedMean < alone.mean);
  yield {
    bench: 'federation',
    adapter: federated.adapter,
    preset,
    nodes: together.length,
    rounds,
    steps,
    batch,
    shared: { mean: sharedMean, losses: shared },
    isolated,
    sharedWins,
  };
  federated.close();
}
