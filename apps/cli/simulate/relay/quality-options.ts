import { create } from '@bufbuild/protobuf';
import { fromHex } from '../../../../relay/wire/hex.ts';
import { type Measured, MeasuredSchema } from '../../../../relay/wire/tapestry_pb.js';
import type { VirtualDeltas } from '../world/virtual-delta.ts';
import { hexOf } from '../world/virtual-hash.ts';

/** How contributions are measured: the manifest's settings, the greatest influence of one in per cent, and what the deltas are like. */
export interface QualityOptions {
  readonly settings: Omit<Measured, 'evaluators' | '$typeName' | '$unknown'>;
  /** The number of evaluators. */
  readonly evaluators: number;
  readonly weightShare: number;
  readonly deltas: VirtualDeltas;
}

/** The public key of an evaluator. */
export function evaluatorKey(number: number): Uint8Array<ArrayBuffer> {
  return fromHex(hexOf(`evaluator ${number}`));
}

/** The manifest's part of it. */
export function measuredOf({ settings, evaluators }: QualityOptions): Measured {
  const keys = Array.from({ length: evaluators }, (_, number) => evaluatorKey(number));
  return create(MeasuredSchema, { ...settings, evaluators: keys });
}
