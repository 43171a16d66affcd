import * as v from 'valibot';
import { addedTokens, idSchema, mergeSchema, type ParsedTokenizer, unsupported } from '../tokenizer-json.ts';
import { type Merge, mergesOf } from './merges.ts';
import { byteOfPiece, bytePiece, bytesOfPiece, spaceMark } from './pieces.ts';

const replace = v.object({
  type: v.literal('Replace'),
  pattern: v.strictObject({ String: v.literal(' ') }),
  content: v.literal(spaceMark),
});
const prepend = v.object({ type: v.literal('Prepend'), prepend: v.literal(spaceMark) });
const metaspace = v.object({
  type: v.literal('Metaspace'),
  replacement: v.literal(spaceMark),
  prepend_scheme: v.picklist(['always', 'first', 'never']),
  split: v.literal(false),
});

const schema = v.looseObject({
  added_tokens: addedTokens,
  /** Spaces become the mark here, or in the pre-tokenizer of newer files. */
  normalizer: v.nullish(
    v.union([
      replace,
      v.object({
        type: v.literal('Sequence'),
        normalizers: v.union([v.tuple([prepend, replace]), v.tuple([replace])]),
      }),
    ]),
  ),
  pre_tokenizer: v.nullish(metaspace),
  model: v.looseObject({
    type: v.literal('BPE'),
    byte_fallback: v.literal(true),
    vocab: v.record(v.string(), idSchema),
    merges: v.array(mergeSchema),
    continuing_subword_prefix: v.nullish(v.literal('')),
    end_of_word_suffix: v.nullish(v.literal('')),
    dropout: v.nullish(v.null()),
    unk_token: v.nullish(v.string()),
    ignore_merges: v.optional(v.literal(false)),
  }),
});

const withFallback = v.object({ model: v.object({ byte_fallback: v.literal(true) }) });

/** True for the tokenizer.json of a SentencePiece vocabulary: characters without a piece become bytes. */
export function isSentencePiece(json: unknown): boolean {
  return v.is(withFallback, json);
}

/** Where spaces become marks, without the mark before the first word. */
const toMarks = { type: 'Replace', pattern: { String: ' ' }, content: spaceMark };

/** Checks and parses the JSON of a SentencePiece vocabulary, such as those of Llama 2 and TinyLlama. Throws `tokenizer.unsupported`. */
export function parseSentencePiece(json: unknown): ParsedTokenizer {
  const { file, added, vocabulary, merges, prefixes } = parsePieces(json);
  const special = new Map(added.filter((token) => token.special).map(({ content, id }) => [content, id]));
  const tokens: (Uint8Array<ArrayBuffer> | null)[] = [];
  const put = (id: number, bytes: Uint8Array<ArrayBuffer> | null) => {
    while (tokens.length <= id) tokens.push(null);
    tokens[id] = bytes;
  };
  for (const [piece, id] of vocabulary) put(id, bytesOfPiece(piece));
  for (const { content, id, special: isSpecial } of added) put(id, isSpecial ? null : bytesOfPiece(content));
  return {
    tokens,
    special,
    prefix: prefixes ? ' ' : '',
    withoutSpecial: {
      ...file,
      normalizer: toMarks,
      pre_tokenizer: null,
      post_processor: null,
      decoder: null,
      added_tokens: added.filter((token) => !token.special),
      model: { ...file.model, vocab: Object.fromEntries(vocabulary), merges, unk_token: null },
    },
  };
}

/** What a tokenizer.json says of its pieces. Throws `tokenizer.unsupported`. */
export function parsePieces(json: unknown) {
  const parsed = v.safeParse(schema, json, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw unsupported([v.getDotPath(issue), issue.message].filter((part) => part !== null).join(': '));
  }
  const { added_tokens: added, model, normalizer, pre_tokenizer: preTokenizer } = parsed.output;
  if (!normalizer === !preTokenizer)
    throw unsupported('it does not say how spaces are written, or says it twice');
  const missing = Array.from({ length: 256 }, (_, byte) => byte).find(
    (byte) => !Object.hasOwn(model.vocab, bytePiece(byte)),
  );
  if (missing !== undefined) throw unsupported(`it has no token for the byte ${missing}`);
  const names = new Set(added.map(({ content }) => content));
  const prefixes = preTokenizer
    ? preTokenizer.prepend_scheme !== 'never'
    : normalizer?.type === 'Sequence' && normalizer.normalizers.length === 2;
  return {
    file: parsed.output,
    added,
    /** The ids of the pieces that text can become. */
    vocabulary: new Map(Object.entries(model.vocab).filter(([piece]) => !names.has(piece))),
    /** Without pairs that make an added token, which typed text must not become. */
    merges: model.merges
      .map((merge): Merge => {
        if (typeof merge !== 'string') return merge;
        const [left = '', right = ''] = merge.split(' ');
        return [left, right];
      })
      .filter(([left, right]) => !names.has(left + right)),
    prefixes,
    unknown: model.unk_token ?? null,
  };
}

/** A piece of a vocabulary; its place in the list is its id. */
export interface Piece {
  readonly text: string;
  /** The piece with the highest score is joined first. */
  readonly score: number;
  readonly kind: 'ordinary' | 'special' | 'added' | 'unused';
}

/** The tokenizer.json of a SentencePiece vocabulary. `prefixes`: a space comes before the first word of a text. */
export function sentencePieceJson(pieces: readonly Piece[], prefixes: boolean): object {
  const ids = new Map(
    pieces.flatMap(({ text, kind }, id) => (kind === 'ordinary' ? [[text, id] as const] : [])),
  );
  const joined = new Map([...ids].filter(([text]) => byteOfPiece(text) === undefined));
  const prepend = { type: 'Prepend', prepend: spaceMark };
  const strip = { type: 'Strip', content: ' ', start: 1, stop: 0 };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: pieces.flatMap(({ text: content, kind }, id) =>
      kind === 'special' || kind === 'added'
        ? [
            {
              id,
              content,
              single_word: false,
              lstrip: false,
              rstrip: false,
              normalized: false,
              special: kind === 'special',
            },
          ]
        : [],
    ),
    normalizer: { type: 'Sequence', normalizers: [...(prefixes ? [prepend] : []), toMarks] },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: spaceMark }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(prefixes ? [strip] : []),
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: pieces.find(({ kind, text }) => kind === 'special' && text === '<unk>')?.text ?? null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: Object.fromEntries(
        pieces.flatMap(({ text, kind }, id) => (kind === 'unused' ? [] : [[text, id] as const])),
      ),
      merges: mergesOf(joined, (id) => pieces[id]?.score ?? 0),
    },
  };
}
