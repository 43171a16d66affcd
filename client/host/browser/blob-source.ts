import type { ByteSource } from '../../formats/tensors/byte-source.ts';

/** A chosen or stored file, read by ranges. A read rejects if the file has changed since, or ends before. */
export function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    async read(offset, length) {
      const bytes = new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      if (bytes.length !== length) throw new RangeError('the file ends before the range');
      return bytes;
    },
  };
}
