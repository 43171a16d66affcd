import pino from 'pino';
import * as v from 'valibot';
import type { Logger } from '../../../relay/server/log.ts';
import { colour, type Output } from './output.ts';
import { streams } from './streams.ts';
import { terminalText } from './terminal-text.ts';

/**
 * A relay's log on stderr: in a terminal a line for a person above the live panel, elsewhere one JSON object a line. A
 * stderr that is lost ends the log and not the relay.
 */
export function relayLog(output: Output): Logger {
  const level = { quiet: 'error', usual: 'warn', verbose: 'info' }[streams.verbosity];
  if (output.live && !output.json) return pino({ level }, { write: (line) => output.note(prettyLine(line)) });
  const destination = pino.destination(2);
  destination.on('error', () => {});
  return pino({ level }, destination);
}

const entrySchema = v.looseObject({ level: v.number(), time: v.number(), msg: v.optional(v.string(), '') });

/** An entry of pino's as a line for a person: the time, what happened, and the entry's other fields. */
export function prettyLine(json: string): string {
  const { level, time, msg, pid: _, hostname: __, ...fields } = v.parse(entrySchema, JSON.parse(json));
  const shown = Object.entries(fields).map(
    ([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const word = level >= 50 ? colour('red', 'error') : level >= 40 ? colour('yellow', 'warning') : 'note';
  return `${new Date(time).toTimeString().slice(0, 8)} ${word} ${terminalText(msg + shown.join(''))}`;
}
