import { TapestryError } from '../client/errors.ts';
import { entryOfLine, type StoredEntry } from './entries.ts';
import { type Problem, type VerifySource, wholeBlob } from './verify.ts';
import type { Hash } from './wire/hex.ts';

/** The longest line of a journal that is read: a manifest of 64 KiB in hex, and what is around it. */
const maxLineBytes = 1 << 20;

/** A relay as `verifyRun` reads it: GET /journal and /blobs. Throws TapestryError `relay.unreachable`. */
export function relaySource(relay: URL, signal?: AbortSignal): VerifySource {
  const blob = async (hash: Hash, length: number) => {
    const response = await get(new URL(`/blobs/${hash}`, relay), signal);
    if (response.status === 404) {
      await response.body?.cancel();
      return null;
    }
    return read(response, length + 1);
  };
  return {
    journal: () => journalOf(relay, signal),
    blob,
    async *rest(replay) {
      const newest = replay?.checkpoints.at(-1);
      if (replay === null || newest === undefined) return;
      const problems: Problem[] = [];
      await wholeBlob({ blob }, newest.base, replay.run.manifest.model.parameters * 4, problems);
      yield* problems;
    },
  };
}

async function* journalOf(relay: URL, signal?: AbortSignal): AsyncGenerator<StoredEntry> {
  const response = await get(new URL('/journal', relay), signal);
  if (!response.ok) throw unreachable(relay, `GET /journal answered ${response.status}`);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let rest = '';
  let sequence = 1;
  for await (const bytes of chunksOf(response)) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maxLineBytes) throw unreachable(relay, 'a line of its journal does not end');
    for (const line of lines) yield entryOfLine(line, sequence++);
  }
  if (rest !== '') yield entryOfLine(rest, sequence);
}

async function get(url: URL, signal?: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, signal === undefined ? {} : { signal });
  } catch (cause) {
    throw unreachable(url, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** At most `limit` bytes of a body: a relay that sends more than it should cannot fill the memory. */
async function read(response: Response, limit: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(limit);
  let length = 0;
  for await (const chunk of chunksOf(response)) {
    const part = chunk.subarray(0, limit - length);
    bytes.set(part, length);
    length += part.length;
    if (length === limit) break;
  }
  return bytes.subarray(0, length);
}

async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw unreachable(new URL(response.url), 'its answer broke off', cause);
      });
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function unreachable(relay: URL, why: string, cause?: unknown): TapestryError {
  return new TapestryError(
    'relay.unreachable',
    `${relay}: ${why}`,
    'Check the address, and that the relay runs.',
    {
      cause,
    },
  );
}
