/**
 * The characters that represent the bytes 0 to 255 in the tokenizer.json of a byte-level tokenizer: printable bytes
 * represent themselves, and the others are the characters from U+0100 on (GPT-2's table).
 */
export const byteCharacters: readonly string[] = (() => {
  let unprintable = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCharCode(printable ? byte : unprintable++);
  });
})();

/**
 * The `model` of the tokenizer.json of a byte-level BPE: `vocab` has the id of each token, `merges` its pairs in order. With
 * `ignoreMerges` a word that is a token itself is taken whole.
 */
export function byteLevelModel<Merge>(
  vocab: Readonly<Record<string, number>>,
  merges: readonly Merge[],
  ignoreMerges: boolean,
) {
  return {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: ignoreMerges,
    vocab,
    merges,
  };
}
