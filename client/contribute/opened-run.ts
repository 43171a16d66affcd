import { toHex } from '../../relay/wire/hex.ts';
import type { Acknowledgement } from '../../relay/wire/tapestry_pb.js';
import { type Device, requireStorage } from '../gpu/device.ts';
import type { Identity } from '../identity.ts';
import type { ContributorEvent } from './events.ts';
import { predictedBytes } from './memory.ts';
import type { Contribution } from './round/saved-state.ts';
import type { RunTerms } from './run-terms.ts';
import type { SessionEvent } from './session/state.ts';

/**
 * The event of a node that the relay admitted: what the run asks of it.
 * @throws TapestryError `device.no-f16`, and `device.too-small` where the run grants no part
 */
export function joinedEvent(
  device: Device,
  terms: RunTerms,
  { publicKey }: Pick<Identity, 'publicKey'>,
  place: { readonly corpus: string | null; readonly round: number; readonly base: string },
): ContributorEvent {
  const { run, name, rounds, localSteps, layout, shape, trainer } = terms;
  requireStorage(device, trainer.storage ?? 'f32');
  const bytes = predictedBytes(device, terms, 'whole') ?? predictedBytes(device, terms, 'upper');
  return {
    event: 'joined',
    ...{ run, name, node: toHex(publicKey), ...place, rounds },
    ...{ parameters: layout.trained, localSteps, tokensPerStep: shape.batch * shape.sequence },
    trainingBytes: bytes ?? 0,
  };
}

/** The session's event of a contribution from before this process started, and of its receipt if it was accepted. */
export function restoredEvent(
  { round, base, steps, payload }: Contribution,
  receipt: Acknowledgement | null,
  { staleness }: Pick<RunTerms, 'staleness'>,
): SessionEvent {
  return {
    kind: 'restored',
    round: { round, base, attempt: receipt?.attempt ?? 0, localSteps: steps, normBound: 0 },
    payload,
    acknowledged: receipt !== null,
    ...(receipt !== null && staleness > 0 && { counts: receipt }),
  };
}
