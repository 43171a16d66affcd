import { Hono } from 'hono';
import { removedThrough } from '../../run/retention/retention.ts';
import type { Span } from '../../storage/blob-store.ts';
import { encodeSignedManifest, manifestPath } from '../../wire/frames.ts';
import { type Hash, isHash } from '../../wire/hex.ts';
import type { Bindings } from '../bindings.ts';
import { addEvaluations } from '../evaluations/evaluation-routes.ts';
import type { Hub } from '../hub.ts';
import { addPresenter } from '../presenter/presenter-routes.ts';
import type { Room } from '../speech/room.ts';
import { addSpeech } from '../speech/speech-routes.ts';
import type { RoundView } from '../status/round-view.ts';
import type { StatusView } from '../status/status-view.ts';
import { sendBlob } from './blob-response.ts';
import { addCheckpoints } from './checkpoint-routes.ts';
import { addDeltas } from './delta-routes.ts';
import { linesOf } from './journal-lines.ts';
import { type Pages, secured } from './pages.ts';
import { Readers } from './readers.ts';
import { statusWhenFull } from './refuse.ts';
import { remembered } from './shared-body.ts';

/** What viewers see of the run. */
export interface Shown {
  readonly view: StatusView;
  readonly rounds: RoundView;
  /** Null where no base writes. */
  readonly room: () => Room | null;
}

/** The pages, status, journal, blobs, health and metrics of a relay, all read-only, and the commands of its presenter, if it has one. */
export function routes(
  hub: Hub,
  { view, rounds, room }: Shown,
  pages: Pages,
  presenter: string | null,
): Hono<{ Bindings: Bindings }> {
  const app = new Hono<{ Bindings: Bindings }>();
  const { run, metrics, budget } = hub;
  app.use(secured);

  app.get('/healthz', (c) => {
    const { round, phase } = run.current();
    c.header('cache-control', 'no-store');
    return c.json({ status: hub.healthy ? 'ok' : 'storage-failing', round, phase }, hub.healthy ? 200 : 503);
  });

  const metricsText = remembered(
    () => metrics.registry.metrics(),
    hub.limits.metricsInterval,
    () => hub.clock.elapsed(),
  );
  app.get('/metrics', async (c) => {
    return c.body(await metricsText(), 200, {
      'content-type': metrics.registry.contentType,
      'cache-control': 'no-store',
    });
  });

  app.get('/api/status', (c) => view.snapshot().send(c));

  app.get('/api/history', async (c) => {
    const after = c.req.query('after') ?? '0';
    if (!/^\d{1,15}$/.test(after)) return c.text('after must be the number of a round', 400);
    return view.history(Number(after)).send(c);
  });

  app.get('/api/rounds/:round', async (c) => {
    const round = c.req.param('round');
    if (!/^[1-9]\d{0,14}$/.test(round)) return c.text('not the number of a round', 404);
    const full = c.env.take('journals');
    if (full !== null)
      return c.text('too many readers of the journal', statusWhenFull(full), { 'retry-after': '10' });
    const answer = await rounds.answer(Number(round));
    return answer === null ? c.text('this round is not committed', 404) : answer.send(c);
  });

  const { manifestBytes: manifest, manifestSignature: signature } = run;
  const signedManifest = encodeSignedManifest({ manifest, signature });
  app.get(manifestPath, (c) => {
    const headers = { 'content-type': 'application/x-protobuf', 'cache-control': 'no-cache' };
    return c.body(signedManifest, 200, headers);
  });

  addCheckpoints(app, run);
  addDeltas(app, run.blobs);

  app.get('/api/events', (c) => {
    const full = c.env.take('event-streams');
    if (full !== null)
      return c.text('too many event streams; ask api/status', statusWhenFull(full), { 'retry-after': '10' });
    c.header('content-type', 'text/event-stream');
    c.header('cache-control', 'no-store');
    // Without this header nginx delays events until its buffer is full.
    c.header('x-accel-buffering', 'no');
    return c.body(view.events());
  });

  app.get('/journal', (c) => {
    const after = c.req.query('after') ?? '0';
    if (!/^\d{1,15}$/.test(after)) return c.text('after must be the sequence number of an entry', 400);
    const full = c.env.take('journals');
    if (full !== null)
      return c.text('too many readers of the journal', statusWhenFull(full), { 'retry-after': '10' });
    c.header('content-type', 'application/x-ndjson');
    c.header('cache-control', 'no-store');
    return c.body(linesOf(run.journalAfter(Number(after)), () => budget.turns.take(c.env.address)));
  });

  const readers = new Readers(run.manifest.contributionReaders, hub.invitations, hub.clock);
  /**
   * Null if the reader may read single contributions. A wrong proof counts as a wrong join token, and its answer waits as
   * long; a right one of the same address does not.
   */
  const refusalOfReader = async (authorization: string | undefined, address: string) => {
    const answer = await readers.admits(authorization);
    if (answer === 'yes') return null;
    if (answer === 'wrong') await hub.after(budget.guesses.delayOf(address, hub.clock.elapsed()));
    return new Response(
      `contributions of this run are for ${run.manifest.contributionReaders.case === 'auditor' ? 'its auditor' : 'its members'} only\n`,
      {
        status: 401,
        headers: {
          'content-type': 'text/plain',
          'cache-control': 'no-store',
          'www-authenticate': readers.challenge(),
        },
      },
    );
  };
  app.get('/blobs/:hash', async (c) => {
    const hash = c.req.param('hash');
    if (!isHash(hash)) return c.text(missingBlob(0), 404);
    const readable = run.blobs.readersOf(hash);
    if (readable === 'nobody') return c.text('the round of this contribution is not closed', 409);
    if (readable === 'readers') {
      const refusal = await refusalOfReader(c.req.header('authorization'), c.env.address);
      if (refusal !== null) return refusal;
    }
    const full = c.env.take('downloads');
    if (full !== null) return c.text('too many downloads', statusWhenFull(full), { 'retry-after': '2' });
    const open = (name: Hash, span?: Span) => run.openBlob(name, span);
    const isPublic = readable === 'anyone' || run.manifest.contributionReaders.case === 'anyone';
    return sendBlob(c, { hash, isPublic }, open, {
      turn: () => budget.turns.take(c.env.address),
      sent: (bytes) => (readable === 'readers' ? metrics.read(bytes) : metrics.moved('down', 'blob', bytes)),
      missing: () => missingBlob(removedThrough(run.history().length, run.manifest.limits)),
    });
  });

  if (run.evaluators !== null) addEvaluations(app, hub, run.evaluators);
  addSpeech(app, room);
  if (presenter !== null) addPresenter(app, hub, presenter, room);

  app.get('*', (c) => pages.send(c));
  app.notFound((c) => c.text('not found', 404));
  app.onError((error, c) => {
    hub.log.error({ err: error, path: c.req.path }, 'a request failed');
    return c.text('the relay failed to answer', 500);
  });
  return app;
}

/** The relay does not know the hashes of the payloads that it removed. */
function missingBlob(removedThrough: number): string {
  return removedThrough === 0
    ? 'blob.missing: no such blob\n'
    : `blob.removed: no such blob; the payloads of rounds 1 to ${removedThrough} are no longer kept\n`;
}
