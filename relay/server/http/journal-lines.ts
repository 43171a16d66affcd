/** Entries are sent in pieces of about so many bytes. */
const pieceBytes = 32 * 1024;

/**
 * The journal, one entry a line, read no faster than the client reads it. `turn` is called before each piece and resolves when
 * the piece may be read: reading and encoding entries is work of the event loop, and many readers share it.
 */
export function linesOf(
  lines: AsyncIterable<string>,
  turn: () => Promise<void> | null,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  const iterator = lines[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      async pull(controller) {
        await turn();
        let piece = '';
        while (piece.length < pieceBytes) {
          const { done, value } = await iterator.next();
          if (done) break;
          piece += `${value}\n`;
        }
        if (piece === '') controller.close();
        else controller.enqueue(encoder.encode(piece));
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
