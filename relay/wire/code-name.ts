import { RefusalCode } from './tapestry_pb.js';

/** Spells STALE_BASE as `stale-base`, the form of a refusal's code in events, errors, metrics and logs. */
export function codeName(code: RefusalCode): string {
  return RefusalCode[code].toLowerCase().replaceAll('_', '-');
}
