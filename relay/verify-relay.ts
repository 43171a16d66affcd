import { TapestryError } from '../client/errors.ts';
import { entryOfLine, type StoredEntry } from './entries.ts';
import { type Problem, type VerifySource, wholeBlob } from './verify.ts';
import type { Hash } from './wire/hex.ts';

/** The longest line of a journal that is read: a manifest of 64 KiB in hex, and what is around it. */
const maxLineBytes = 1 << 20;

/** GET; the caller's own where a certificate is pinned. */
type Get = (url: URL) => Promise<Response>;

/**
 * A relay as `verifyRun` reads it: GET /journal and /blobs. Throws TapestryError `relay.unreachable`, or what `get`
 * throws of that kind.
 */
export function relaySource(relay: URL, get: Get = fetch): VerifySource {
  const blob = async (hash: Hash, length: number) => {
    const url = new URL(`/blobs/${hash}`, relay);
    const response = await answer(url, get);
    if (response.status === 404) {
      await response.body?.cancel();
      return null;
    }
    return read(url, response, length + 1);
  };
  return {
    journal: () => journalOf(relay, get),
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

async function* journalOf(relay: URL, get: Get): AsyncGenerator<StoredEntry> {
  const url = new URL('/journal', relay);
  const response = await answer(url, get);
  if (!response.ok) throw unreachable(relay, `GET /journal answered ${response.status}`);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let rest = '';
  let sequence = 1;
  for await (const bytes of chunksOf(url, response)) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maxLineBytes) throw unreachable(relay, 'a line of its journal does not end');
    for (const line of lines) yield entryOfLine(line, sequence++);
  }
  if (rest !== '') yield entryOfLine(rest, sequence);
}

async function answer(url: URL, get: Get): Promise<Response> {
  try {
    return await get(url);
  } catch (cause) {
    if (cause instanceof TapestryError) throw cause;
    throw unreachable(url, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** At most `limit` bytes of a body: a relay that sends more than it should cannot fill the memory. */
async function read(url: URL, response: Response, limit: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(limit);
  let length = 0;
  for await (const chunk of chunksOf(url, response)) {
    const part = chunk.subarray(0, limit - length);
    bytes.set(part, length);
    length += part.length;
    if (length === limit) break;
  }
  return bytes.subarray(0, length);
}

async function* chunksOf(url: URL, response: Response): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw unreachable(url, 'its answer broke off', cause);
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
