import { fileFormat, formatBytes, type TextFormat } from './file-format.ts';
import { LeftOut, sort } from './problems.ts';
import { concatenated, type Decode, utf8OrWestern } from './western.ts';

const tooLarge = (most: number) =>
  sort(
    'corpus.too-large',
    `has more than ${most} bytes and was left out`,
    `have more than ${most} bytes and were left out`,
    'Split it into smaller files.',
  );

/** The problem of a file that `onWestern` of `utf8Chunks` reports. */
export const readAsWestern = sort(
  'corpus.windows-1252',
  'is not UTF-8 and was read as Windows-1252',
  'are not UTF-8 and were read as Windows-1252',
  'If its letters are right, nothing; if they are not, save it as UTF-8, for example with iconv or an editor.',
);

/**
 * A file's bytes converted to UTF-8, without a byte order mark. Invalid bytes in a UTF-16 file become the byte 0xFF.
 * `onWestern` is called once if the file is read as Windows-1252.
 * @throws LeftOut if the file is not text or has more than `most` bytes
 */
export async function* utf8Chunks(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  most: number,
  onWestern: () => void,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let start: Uint8Array<ArrayBuffer> | null = new Uint8Array(0);
  let decode: Decode = (bytes) => bytes;
  let read = 0;
  for await (const chunk of chunks) {
    read += chunk.length;
    if (read > most) throw new LeftOut(tooLarge(most));
    if (start === null) yield decode(chunk, false);
    else {
      start = concatenated(start, chunk);
      if (start.length < formatBytes) continue;
      const { format, bytes } = recognized(start);
      decode = decoderOf(format, onWestern);
      start = null;
      yield decode(bytes, false);
    }
  }
  if (start !== null) {
    const { format, bytes } = recognized(start);
    yield decoderOf(format, onWestern)(bytes, true);
  } else yield decode(new Uint8Array(0), true);
}

function recognized(start: Uint8Array<ArrayBuffer>): { format: TextFormat; bytes: Uint8Array<ArrayBuffer> } {
  const format = fileFormat(start.subarray(0, formatBytes));
  if ('encoding' in format) return { format, bytes: start.subarray(format.mark) };
  const { kind, next } = format;
  throw new LeftOut(sort('corpus.not-text', `is ${kind}`, `are not text but ${kind}`, next));
}

function decoderOf({ encoding, mark }: TextFormat, onWestern: () => void): Decode {
  if (encoding === 'utf-8') return mark > 0 ? (bytes) => bytes : utf8OrWestern(onWestern);
  const utf16 = new TextDecoder(encoding, { ignoreBOM: true });
  const encoder = new TextEncoder();
  return (bytes, last) => {
    const utf8 = encoder.encode(utf16.decode(bytes, { stream: !last }));
    // U+FFFD replaces bytes that could not be decoded. Its first byte is set to 0xFF, so that its line is found and left out.
    for (let at = utf8.indexOf(0xef); at >= 0; at = utf8.indexOf(0xef, at + 1))
      if (utf8[at + 1] === 0xbf && utf8[at + 2] === 0xbd) utf8[at] = 0xff;
    return utf8;
  };
}
