import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSources } from '../imports.ts';

const root = join(import.meta.dirname, '../../..');

/** Names of a browser's ways to connect, except `fetch`. */
export const connections =
  /\b(WebSocket|WebTransport|EventSource|RTCPeerConnection|sendBeacon|XMLHttpRequest)\b/;

/** The sources of code that makes derivatives. */
export const derivativeSources = /^client\/(?:gpu|model|train|data|runtime|derive|formats|identity)/;

/**
 * Names by which code could use the wire: each message and enum of the .proto by its full name and as its schema object is called, and
 * each field of several words as JavaScript spells it. Left out are fields whose name means the same in the model and in
 * training, such as `learningRate`: the names that those folders declare themselves.
 */
export async function wireNames(folders: RegExp): Promise<string[]> {
  const schema = await readFile(join(root, 'relay/wire/tapestry.proto'), 'utf8');
  const [, protocol] = /^package ([\w.]+);/m.exec(schema) ?? [];
  const types = [...schema.matchAll(/^(?:message|enum) (\w+)/gm)].map(([, name]) => name ?? '');
  const fields = [...schema.matchAll(/^\s+[\w. ]+ (\w+_\w+) = \d+/gm)].map(([, name = '']) =>
    name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
  );
  const training = [...readSources(root)]
    .filter(([file]) => folders.test(file))
    .map(([, source]) => source)
    .join('\n');
  const ours = new Set(training.match(/\b\w+\b/g));
  return [...types.flatMap((name) => [`${name}Schema`, `${protocol}.${name}`]), ...new Set(fields)].filter(
    (name) => !ours.has(name) && /[a-z]/.test(name),
  );
}
