/** SentencePiece's mark for a space within a piece: U+2581. */
export const spaceMark = '\u2581';

/** The piece that stands for a byte where no piece has its character. */
export function bytePiece(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}

const byteOf = new Map(Array.from({ length: 256 }, (_, byte) => [bytePiece(byte), byte]));

/** The byte that a piece stands for; undefined for any other piece. */
export function byteOfPiece(piece: string): number | undefined {
  return byteOf.get(piece);
}

/** The bytes of UTF-8 that a piece decodes to. */
export function bytesOfPiece(piece: string): Uint8Array<ArrayBuffer> {
  const byte = byteOf.get(piece);
  return byte === undefined
    ? new TextEncoder().encode(piece.replaceAll(spaceMark, ' '))
    : Uint8Array.of(byte);
}
