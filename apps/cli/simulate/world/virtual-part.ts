import type { GrantedPart } from '../../../../client/contribute/session/part.ts';
import { type Fragments, type PartName, upperPart, wholeModel } from '../../../../relay/wire/fragments.ts';
import type { Machines } from './machines.ts';
import { bothRanges, type VirtualRange } from './virtual-base.ts';

/** Of a virtual model only two values matter: one below the upper layers, and one in them. */
export const virtualFragments: Fragments = { ...wholeModel(2), upper: upperPart(2, { layers: 1, from: 1 }) };

/** How many times the work, and the bytes, of its upper layers the whole model takes. */
const ratios = { trainingRatio: 3, uploadRatio: 2 } as const;

/** The upper layers as a node finds them in a world that grants them. */
export function virtualPart(isTimed: boolean): GrantedPart {
  return { layers: 1, of: 3, ...ratios, isTimed, fitsWhole: true, trainingBytes: null };
}

/** Milliseconds that a local step takes on a part, of a node that takes `stepMs` for one on the whole model. */
export function stepTimeOf(stepMs: number, part: PartName): number {
  return part === 'upper' ? stepMs / ratios.trainingRatio : stepMs;
}

/** Bytes of the payload of a part, in a run where that of the whole model has so many. */
export function bytesOf(payloadBytes: number, part: PartName): number {
  return part === 'upper' ? Math.ceil(payloadBytes / ratios.uploadRatio) : payloadBytes;
}

/** The ranges in which a contribution of a part counts, in a round of these parts, by the relay's machine. */
export function rangesOfParts(
  { machines }: { readonly machines: Pick<Machines, 'roundRanges'> },
  parts: readonly PartName[],
  quorum: number,
): (part: PartName) => readonly VirtualRange[] {
  const ranges = machines.roundRanges(virtualFragments, virtualFragments.at(1), parts, quorum);
  return (part) => bothRanges.filter((_, i) => ranges[i]?.has(part) === true);
}
