import type { ContributorEvent } from '../../client/contribute/contributor.ts';
import { bytes } from './table.ts';

const changes = {
  adapter: 'the adapter or its driver is another',
  build: 'this version of Tapestry has others',
  unknown: 'an older version did not name them',
} as const;

const reasons = {
  refused: 'its contribution was refused',
  closed: 'it was closed before',
  'not-finite': 'its numbers were not finite any more, so it begins afresh from the next base',
} as const;

/** A line for a person about what a contributor does; null for what only programs want to know. */
export function describe(event: ContributorEvent): string | null {
  switch (event.event) {
    case 'adapter':
      return `Adapter: ${event.name}`;
    case 'measured':
      return (
        `Measured kernels on ${event.adapter}: ${event.sites} shapes, ${(event.milliseconds / 1000).toFixed(1)} s.` +
        (event.left === 0 ? '' : ` ${event.left} more are guessed; "tapestry bench tune" measures all.`)
      );
    case 'kernels-changed':
      return `Goes on with other kernels than it began with (${changes[event.change]}): as good, but other bits.`;
    case 'joined':
      return (
        `Joined "${event.name}" at round ${event.round} of ${event.rounds} as ${event.node.slice(0, 16)}` +
        ` (${event.nation ?? 'own text'}): ${event.parameters.toLocaleString('en')} parameters,` +
        ` ${bytes(event.trainingBytes)} to train.`
      );
    case 'restored':
      return `Goes on from its saved state (round ${event.round}, ${event.steps} steps).`;
    case 'fresh':
      return `Its saved state is of no use (${event.reason}); starts afresh.`;
    case 'synced':
      return event.bytes === 0 ? null : `Fetched base ${short(event.base)}: ${event.bytes} bytes.`;
    case 'round':
      return `Round ${event.round}: ${event.steps} steps; held-out loss of the base ${event.heldOutLoss.toFixed(4)}.`;
    case 'step':
      return `  step ${event.step}/${event.steps}  loss ${event.loss.toFixed(4)}  ${Math.round(event.tokensPerSecond)} tokens/s`;
    case 'contribution':
      return `Offers ${event.bytes} bytes for ${event.tokens} tokens (${short(event.payload)}).`;
    case 'acknowledged':
      return `The relay holds the contribution to round ${event.round}.`;
    case 'refused':
      return `The relay refused: ${event.code}.`;
    case 'dropped':
      return `Round ${event.round} goes on without this node: ${reasons[event.reason]}.`;
    case 'committed':
      return `Round ${event.round} made base ${short(event.base)} from ${counted(event.contributions)}.`;
    case 'abandoned':
      return `Round ${event.round} had too few contributions and opens again.`;
    case 'retry':
      return `${event.message} Tries again in ${(event.milliseconds / 1000).toFixed(1)} s. ${event.next}`;
    case 'device-lost':
      return `The adapter was lost (${event.reason}); goes on after step ${event.step} of round ${event.round}.`;
    case 'paused':
      return 'Paused.';
    case 'resumed':
      return 'Goes on.';
    case 'finishing':
      return 'Leaves after this round.';
    case 'left': {
      const { tokens, contributions } = event;
      return `Left (${event.reason}): ${counted(contributions)}, ${tokens.toLocaleString('en')} tokens.`;
    }
    case 'syncing':
    case 'sent':
      return null;
  }
}

const counted = (contributions: number) => `${contributions} contribution${contributions === 1 ? '' : 's'}`;

const short = (hash: string) => hash.slice(0, 12);
