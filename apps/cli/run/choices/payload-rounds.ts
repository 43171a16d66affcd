import { whole } from '../../options.ts';

/** How many rounds payloads are kept, for commander. */
export function payloadRoundsOf(text: string): number | 'all' {
  return text === 'all' ? text : whole(1, 0xffff_ffff)(text);
}
