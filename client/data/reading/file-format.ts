import { bytesToHex } from '@noble/hashes/utils.js';

/** The number of bytes at a file's start that `fileFormat` needs; of a shorter file it needs all. */
export const formatBytes = 4096;

/** A text file's encoding. A file without mark is called UTF-8 here where it may also be Windows-1252; see `utf8OrWestern`. */
export interface TextFormat {
  readonly encoding: 'utf-8' | 'utf-16le' | 'utf-16be';
  /** Length of the byte order mark. */
  readonly mark: number;
}

/** The encoding of a text file, or the kind of a file that is not text and what a person can do about it. */
export type FileFormat = TextFormat | { readonly kind: string; readonly next: string };

const convertDocument = 'Export it as plain text in UTF-8; for a PDF, pdftotext does that.';
const saveAsText = 'Open it, save it as plain text (.txt) in UTF-8, and give that file.';
const convertEncoding = 'Save it as UTF-8, for example with iconv or an editor.';
const unpack = 'Unpack it and give the text files in it.';
const leaveOut = 'Leave it out, or give its text as a text file.';

/** Signatures of file formats, as patterns of their first bytes in hex. The first match counts. */
const signatures: readonly (readonly [RegExp, string, string])[] = [
  [/^255044462d/, 'a PDF document', convertDocument],
  [/^d0cf11e0/, 'an Office document', convertDocument],
  [/^7b5c727466/, 'a rich text document', convertDocument],
  [/^504b0[357]/, 'a zip archive', unpack],
  [/^(1f8b|425a683|fd377a585a|28b52ffd|377abcaf|52617221)/, 'a compressed file', unpack],
  [/^(89504e47|ffd8ff|4749463[89]|49492a00|4d4d002a|52494646........57454250)/, 'an image', leaveOut],
  [/^(494433|664c6143|4f676753|52494646|........66747970|1a45dfa3)/, 'sound or video', leaveOut],
  [/^(7f454c46|4d5a.{8}00|0061736d|cffaedfe)/, 'a program', leaveOut],
  [/^53514c69746520666f726d6174203300/, 'a database', leaveOut],
  [/^(fffe0000|0000feff)/, 'UTF-32 text', convertEncoding],
];

/** Documents that are zip archives, by a name or type that is in the clear near their start. */
const zippedDocuments: readonly (readonly [string, string])[] = [
  ['word/', 'a Word document'],
  ['ppt/', 'a PowerPoint document'],
  ['xl/', 'an Excel document'],
  ['application/vnd.oasis.opendocument', 'an OpenDocument document'],
  ['application/epub+zip', 'an e-book'],
];

/** Recognizes a file's format by its first `formatBytes` bytes. Its name does not matter. */
export function fileFormat(start: Uint8Array<ArrayBuffer>): FileFormat {
  const hex = bytesToHex(start.subarray(0, 16));
  const known = signatures.find(([pattern]) => pattern.test(hex));
  if (known?.[1] === 'a zip archive') {
    const names = new TextDecoder('windows-1252').decode(start);
    const document = zippedDocuments.find(([name]) => names.includes(name));
    if (document !== undefined) return { kind: document[1], next: saveAsText };
  }
  if (known !== undefined) return { kind: known[1], next: known[2] };
  if (hex.startsWith('efbbbf')) return { encoding: 'utf-8', mark: 3 };
  if (hex.startsWith('fffe')) return { encoding: 'utf-16le', mark: 2 };
  if (hex.startsWith('feff')) return { encoding: 'utf-16be', mark: 2 };
  if (!start.includes(0)) return { encoding: 'utf-8', mark: 0 };
  for (const encoding of ['utf-16le', 'utf-16be'] as const)
    if (isUtf16(start, encoding)) return { encoding, mark: 0 };
  return {
    kind: 'binary data: it has bytes of value 0, which text does not have',
    next: `${leaveOut} ${convertEncoding}`,
  };
}

/**
 * True if bytes that include zeros are UTF-16 text in this byte order. Nine characters in ten must come from two blocks of
 * 256 (an alphabet is in one block, spaces and line ends are in the first), at least one in 40 from the first block, and
 * none may be a control character or a lone surrogate. Text in ideographs is recognized only by its byte order mark.
 */
function isUtf16(start: Uint8Array<ArrayBuffer>, encoding: 'utf-16le' | 'utf-16be'): boolean {
  const characters = Math.floor(start.length / 2);
  const blocks = new Map<number, number>();
  for (let at = encoding === 'utf-16le' ? 1 : 0; at < characters * 2; at += 2) {
    const block = start[at] ?? 0;
    blocks.set(block, (blocks.get(block) ?? 0) + 1);
  }
  const [most = 0, second = 0] = [...blocks.values()].sort((a, b) => b - a);
  if ((blocks.get(0) ?? 0) * 40 < characters || (most + second) * 10 < characters * 9) return false;
  const text = new TextDecoder(encoding).decode(start.subarray(0, characters * 2), { stream: true });
  return text.isWellFormed() && !/[^\P{Cc}\t\n\r\f]/u.test(text) && !text.includes('\uFFFD');
}
