import pino from 'pino';
import type { Logger } from '../../../relay/server/log.ts';

/** A relay's log on stderr, one JSON object a line. A stderr that is lost ends the log and not the relay. */
export function relayLog(): Logger {
  const destination = pino.destination(2);
  destination.on('error', () => {});
  return pino({ level: 'warn' }, destination);
}
