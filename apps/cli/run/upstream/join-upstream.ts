import { join } from 'node:path';
import type { Network } from '../../../../client/contribute/network.ts';
import { TapestryError } from '../../../../client/errors.ts';
import { nodeNetwork } from '../../../../client/host/node/network.ts';
import { nodeRuntime } from '../../../../client/host/node/runtime.ts';
import type { Runtime } from '../../../../client/runtime.ts';
import type { Relay } from '../../../../relay/server/server.ts';
import { toHex } from '../../../../relay/wire/hex.ts';
import { describe } from '../../commands/join-progress.ts';
import type { ProgressLine } from '../../terminal/progress-line.ts';
import { terminalText } from '../../terminal/terminal-text.ts';
import { type RelayAddress, relayAddress } from '../relay-address.ts';
import type { RunFlags } from '../run-flags.ts';
import type { UpstreamFlags } from './upstream-flags.ts';
import { UpstreamNode } from './upstream-node.ts';

/** The upstream relay, and this relay as its node. */
export interface UpstreamPlace {
  readonly address: RelayAddress;
  readonly runtime: Runtime;
  readonly network: Network;
}

type Own = keyof RunFlags & ('rounds' | 'steps' | 'seed');

/** What the upstream run decides. */
const decided: Readonly<Record<Exclude<keyof RunFlags, Own> | 'base' | 'tokenizer', true>> = {
  preset: true,
  strategy: true,
  batch: true,
  optimizer: true,
  precision: true,
  schedule: true,
  merge: true,
  weightShare: true,
  quality: true,
  evaluations: true,
  evaluators: true,
  evaluatorQuorum: true,
  evaluationSeconds: true,
  codec: true,
  outer: true,
  outerRate: true,
  outerMomentum: true,
  pace: true,
  period: true,
  perBase: true,
  maxStaleness: true,
  upperLayers: true,
  downlink: true,
  guard: true,
  probe: true,
  recompute: true,
  accumulate: true,
  base: true,
  tokenizer: true,
};

/** The place of `--upstream`; its identity and files are in a folder of the run's. Throws `usage.upstream` and `usage.relay`. */
export function upstreamPlace(
  flags: RunFlags & UpstreamFlags & { readonly data: string },
): UpstreamPlace | null {
  if (flags.upstream === undefined) return null;
  // A run that does not wait has its own nodes to count.
  const isOwn = (name: string) => name === 'period' && flags.upstreamEvery !== undefined;
  const given = Object.entries(flags).find(
    ([name, value]) => name in decided && !isOwn(name) && value !== undefined,
  );
  if (given !== undefined)
    throw new TapestryError(
      'usage.upstream',
      `--${given[0].replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is decided by the upstream run.`,
      'Leave it out; beside --upstream, only --rounds, --steps and --upstream-every change how this run trains.',
    );
  const address = relayAddress(flags.upstream);
  const runtime = nodeRuntime({ folder: join(flags.data, 'upstream') });
  const { fingerprint } = address;
  const network = nodeNetwork(runtime.files, fingerprint === undefined ? {} : { fingerprint });
  return { address, runtime, network };
}

/**
 * Joins the relay's run to its upstream run, until the signal aborts. A problem is told, and the run then goes on alone.
 * Throws `run.other` for a run without an upstream run.
 */
export async function joinUpstream(
  relay: Relay,
  { address, runtime, network }: UpstreamPlace,
  progress: Pick<ProgressLine, 'say' | 'problem'>,
  signal: AbortSignal,
): Promise<void> {
  const [run] = relay.manifest.upstream;
  if (run === undefined)
    throw new TapestryError(
      'run.other',
      'The folder holds a run of its own, which no upstream run can join to it.',
      'Name another folder with --data, or leave --upstream out.',
    );
  const { publicKey } = await network.identity();
  const { token } = address;
  const node = new UpstreamNode(runtime, network, {
    relay: address.url,
    run: toHex(run),
    own: relay.upstream,
    seed: new DataView(publicKey.buffer).getUint32(0),
    ...(token === undefined ? {} : { token }),
    onWelcome: ({ name, rounds }, round) =>
      progress.say(
        { event: 'upstream', upstream: { event: 'joined', name, round, rounds, node: toHex(publicKey) } },
        `Upstream   Joined "${terminalText(name)}" at round ${round} of ${rounds} as ${toHex(publicKey).slice(0, 16)}.`,
      ),
    onEvent: (event) => {
      const line = describe(event);
      if (line !== null) progress.say({ event: 'upstream', upstream: event }, `Upstream   ${line}`);
    },
  });
  await node.run(signal).catch((problem: unknown) => progress.problem(problem));
}
