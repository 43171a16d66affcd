import type { Hono } from 'hono';
import type { Run } from '../../run/run.ts';
import { hashesBody } from './hashes-body.ts';

/** The methods of a run that these routes call. */
export type CheckpointedRun = Pick<Run, 'checkpoint' | 'consistency' | 'inclusion'>;

/**
 * GET /checkpoint, /checkpoint/consistency and /checkpoint/inclusion (docs/protocol.md, section 1). A proof never changes,
 * and reads at most a few hundred entries.
 */
export function addCheckpoints<Env extends object>(app: Hono<Env>, run: CheckpointedRun): void {
  app.get('/checkpoint', (c) => {
    const note = run.checkpoint();
    if (note === null) return c.text('no checkpoint before the first commit', 404);
    return c.body(note, 200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' });
  });

  app.get('/checkpoint/consistency', async (c) => {
    const [from, to] = [countIn(c.req.query('from')), countIn(c.req.query('to'))];
    if (from === null || to === null) return c.text('from and to must be numbers of entries', 400);
    return proofOf(await run.consistency(from, to));
  });

  app.get('/checkpoint/inclusion', async (c) => {
    const [sequence, size] = [countIn(c.req.query('sequence')), countIn(c.req.query('size'))];
    if (sequence === null || size === null) return c.text('sequence and size must be numbers', 400);
    return proofOf(await run.inclusion(sequence, size));
  });
}

function countIn(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** The hashes of a proof, one after another; 404 if the journal has no such entries. */
function proofOf(hashes: readonly Uint8Array[] | null): Response {
  if (hashes === null) return new Response('the journal has no such entries', { status: 404 });
  return hashesBody(hashes);
}
