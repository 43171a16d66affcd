import type { Hono } from 'hono';
import type { BlobCatalogue } from '../../run/blob-catalogue.ts';
import { fromHex, isHash } from '../../wire/hex.ts';
import { hashesBody } from './hashes-body.ts';

/**
 * GET /bases/<hash>/from/<hash>: the hashes of the deltas that lead from the second base to the first (docs/protocol.md, section 1).
 * The deltas are blobs.
 */
export function addDeltas<Env extends object>(app: Hono<Env>, blobs: Pick<BlobCatalogue, 'deltas'>): void {
  app.get('/bases/:to/from/:from', (c) => {
    const { to, from } = c.req.param();
    const hashes = isHash(to) && isHash(from) ? blobs.deltas(from, to) : null;
    if (hashes === null) return c.text('no deltas lead from this base to that one', 404);
    return hashesBody(hashes.map(fromHex));
  });
}
