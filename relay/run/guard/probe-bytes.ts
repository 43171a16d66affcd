/** A probe as the blob that the manifest names: each token in four bytes, little endian. */
export function bytesOfProbe(tokens: Uint32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(tokens.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, token] of tokens.entries()) view.setUint32(i * 4, token, true);
  return bytes;
}

/** The tokens of such a blob. */
export function tokensOfProbe(probe: Uint8Array): Uint32Array<ArrayBuffer> {
  const view = new DataView(probe.buffer, probe.byteOffset, probe.length);
  return Uint32Array.from({ length: probe.length / 4 }, (_, i) => view.getUint32(i * 4, true));
}
