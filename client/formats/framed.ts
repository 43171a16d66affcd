/** Bytes before each frame: its length, u32 little-endian. */
export const frameHeaderBytes = 4;

/** Capacity that a frame gets before its bytes have arrived: a length that is only announced takes no memory. */
const firstCapacity = 4096;

/** A frame is announced that is longer than any valid one. */
export class FrameTooLong extends Error {
  constructor(bytes: number, most: number) {
    super(`a frame of ${bytes} bytes; the longest has ${most}`);
  }
}

/** The frame with its length before it. */
export function framed(frame: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(frameHeaderBytes + frame.length);
  new DataView(bytes.buffer).setUint32(0, frame.length, true);
  bytes.set(frame, frameHeaderBytes);
  return bytes;
}

/** A frame of which not all bytes have arrived. */
interface PartialFrame {
  readonly length: number;
  read: number;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Reads frames from a stream of bytes that arrives in pieces of any lengths. */
export class FrameReader {
  readonly #most: number;
  readonly #header = new Uint8Array(frameHeaderBytes);
  #headerRead = 0;
  /** Null while the header is read. */
  #frame: PartialFrame | null = null;

  /** `most` is the length of the longest valid frame. */
  constructor(most: number) {
    this.#most = most;
  }

  /** True if the bytes so far end with a whole frame. */
  get isBetween(): boolean {
    return this.#frame === null && this.#headerRead === 0;
  }

  /** The frames that end in `piece`, the next bytes of the stream. @throws FrameTooLong */
  *read(piece: Uint8Array): Generator<Uint8Array<ArrayBuffer>> {
    for (let at = 0; at < piece.length; ) {
      const rest = piece.subarray(at);
      at += this.#frame === null ? this.#readHeader(rest) : this.#readFrame(this.#frame, rest);
      const frame: PartialFrame | null = this.#frame;
      if (frame === null || frame.read < frame.length) continue;
      this.#frame = null;
      yield frame.bytes.subarray(0, frame.length);
    }
  }

  #readHeader(rest: Uint8Array): number {
    const part = rest.subarray(0, frameHeaderBytes - this.#headerRead);
    this.#header.set(part, this.#headerRead);
    this.#headerRead += part.length;
    if (this.#headerRead < frameHeaderBytes) return part.length;
    this.#headerRead = 0;
    const length = new DataView(this.#header.buffer).getUint32(0, true);
    if (length > this.#most) throw new FrameTooLong(length, this.#most);
    this.#frame = { length, read: 0, bytes: new Uint8Array(Math.min(length, firstCapacity)) };
    return part.length;
  }

  #readFrame(frame: PartialFrame, rest: Uint8Array): number {
    const part = rest.subarray(0, frame.length - frame.read);
    const needed = frame.read + part.length;
    if (needed > frame.bytes.length) {
      const larger = new Uint8Array(Math.min(frame.length, Math.max(2 * frame.bytes.length, needed)));
      larger.set(frame.bytes.subarray(0, frame.read));
      frame.bytes = larger;
    }
    frame.bytes.set(part, frame.read);
    frame.read = needed;
    return part.length;
  }
}
