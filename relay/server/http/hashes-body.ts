/** Hashes, one after another, that are the answer to their address forever. */
export function hashesBody(hashes: readonly Uint8Array[]): Response {
  const bytes = Buffer.concat(hashes);
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': String(bytes.length),
    'cache-control': 'public, max-age=31536000, immutable',
  };
  return new Response(bytes, { headers });
}
