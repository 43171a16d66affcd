import { WireError } from '../../../relay/wire/frames.ts';
import type { RefusalCode } from '../../../relay/wire/tapestry_pb.js';

/** The code with which bytes or settings are refused. Any other error is thrown. */
export function refusalCodeOf(attempt: () => unknown): RefusalCode | 'passed' {
  try {
    attempt();
    return 'passed';
  } catch (error) {
    if (error instanceof WireError) return error.code;
    throw error;
  }
}
