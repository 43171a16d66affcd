import { getPriority, setPriority } from 'node:os';
import * as v from 'valibot';
import { clock } from '../../client/clock.ts';
import { Random } from '../../client/random.ts';
import { sparseCodec } from '../../relay/wire/codec/sparse.ts';
import { LoadNode, type Tally } from './node.ts';
import { LoadPayloads } from './payloads.ts';

/**
 * The nodes of a load, in a process of a somewhat lower priority than the relay's: they would be on other machines, but a relay drops nodes
 * that get no processor time for their heartbeats.
 */
const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const jobSchema = v.object({
  relay: v.string(),
  nodes: count,
  addresses: count,
  tokens: count,
  parameters: count,
  /** Milliseconds over which the uploads of a round begin. */
  spread: v.number(),
  seed: v.number(),
  codec: v.object({
    ...{ chunk: v.number(), top: v.number(), exponent: v.number(), maxShift: v.number() },
    ...{ clipNorm: v.number(), feedbackDecay: v.number() },
  }),
});
export type LoadJob = v.InferOutput<typeof jobSchema>;

/** Steps of priority below the relay's; 19 is the lowest. */
const below = 3;
/** Joins under way at a time: fewer than a relay admits. */
const joiningAtOnce = 64;

const { relay, nodes, addresses, tokens, parameters, spread, seed, codec } = v.parse(
  jobSchema,
  JSON.parse(process.argv[2] ?? ''),
);
setPriority(Math.min(19, getPriority() + below));
const payloads = new LoadPayloads(sparseCodec(codec), codec.chunk, parameters, seed);
const random = Random.seeded(seed, 1);
const tally: Tally = {
  ...{ fromOffer: [], fromLastByte: [], refusals: {}, lost: 0, joined: 0 },
  ...{ openedAt: Number.POSITIVE_INFINITY, endedAt: Number.NEGATIVE_INFINITY },
};
const all: LoadNode[] = [];

/** A loopback address of a node, of so many in turn. */
function addressOf(node: number): string {
  const index = (node % addresses) + 1;
  return `127.2.${index >> 8}.${index & 255}`;
}

function join(node: number): Promise<void> {
  return new Promise((admitted) => {
    const options = {
      relay: new URL(relay),
      localAddress: addressOf(node),
      ...{ tokens, tally },
      payload: () => payloads.next(),
      delay: () => spread * random.uniform(),
    };
    all.push(new LoadNode(options, admitted));
  });
}

process.once('disconnect', () => process.exit());
process.once('message', async () => {
  const before = process.cpuUsage();
  for (let node = 0; node < nodes; node += joiningAtOnce) {
    const several = Array.from({ length: Math.min(joiningAtOnce, nodes - node) }, (_, i) => join(node + i));
    await Promise.race([Promise.all(several), clock.sleep(60_000)]);
  }
  await Promise.all(all.map(({ closed }) => closed));
  const { openedAt, endedAt, ...counted } = tally;
  const { user, system } = process.cpuUsage(before);
  const seconds = Math.max(0, endedAt - openedAt) / 1000;
  process.send?.({ ...counted, seconds, processorSeconds: (user + system) / 1e6 }, () => process.exit());
});
process.send?.('ready');
