import { nations, nationTexts } from '../../../../client/data/udhr/nations.ts';
import type { Relay } from '../../../../relay/server/server.ts';
import { vectorOfBytes } from '../../../../relay/storage/blob-store.ts';
import { cleanPrompt, type Speech } from '../../../../relay/wire/speech/speech.ts';
import type { Writer } from './writer.ts';

/** Tokens of a text that is shown beside others: of bytes, and of a tokenizer, whose tokens are longer. */
const maxTokens = { bytes: 80, file: 24 } as const;
/** Words of a corpus that a person may have continued. */
const startWords = 4;

/** Lets the bases of the run write for the room. */
export async function letSpeak(relay: Relay, writer: Writer, prompt: string): Promise<void> {
  const most = relay.manifest.tokenizer.case === 'file' ? maxTokens.file : maxTokens.bytes;
  relay.speak({
    prompt,
    starts: await startsOf(relay.manifest.corpora),
    async write(round, text, signal) {
      const work = async () => {
        const parameters = await baseOf(relay, round);
        return parameters && { round, parameters, prompt: text, maxTokens: most };
      };
      return (await writer.write(work, signal))?.text ?? null;
    },
  });
}

/** How the held-out text of each built-in corpus begins, in the first of its languages. */
async function startsOf(corpora: readonly string[]): Promise<Speech['starts']> {
  const known = corpora.filter((corpus) => nations.some(({ name }) => name === corpus));
  const starts = await Promise.all(
    known.map(async (corpus) => {
      const [first] = await nationTexts(corpus);
      // The first line is the heading of an article.
      const line = first?.heldOut.split('\n').find((each, at) => at > 0 && each.trim() !== '') ?? '';
      const text = cleanPrompt(line.split(' ').slice(0, startWords).join(' '));
      return text === null ? [] : [{ corpus, text }];
    }),
  );
  return starts.flat();
}

/** The base that so many rounds made; null if it is no longer kept. */
async function baseOf(relay: Relay, round: number): Promise<Float32Array<ArrayBuffer> | null> {
  const { base, history } = relay.status();
  const hash = round === base.round ? base.hash : history[round - 1]?.base;
  const bytes = hash === undefined ? null : await relay.blob(hash);
  return bytes && vectorOfBytes(bytes, relay.manifest.model.parameters);
}
