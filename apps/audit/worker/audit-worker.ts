import * as Comlink from 'comlink';
import { TapestryError } from '../../../client/errors.ts';
import type { Entry } from '../../../relay/journal/entry.ts';
import { droppedSource } from '../../../relay/verify/dropped/dropped-source.ts';
import { relaySource } from '../../../relay/verify/http-source.ts';
import { type Kept, type KeptReceipt, keptIn } from '../../../relay/verify/kept.ts';
import type { VerifySource } from '../../../relay/verify/source.ts';
import { type VerifyReport, verifyRun } from '../../../relay/verify/verify.ts';
import { problemOf } from '../../ui/problem.ts';
import { flippedSource } from './flipped-source.ts';
import type { AuditNews, AuditRequest, AuditResult, AuditWorker, Derived } from './worker-api.ts';

/** The largest blob that a tab reads, in bytes: a base of 2^26 parameters. A manifest may say any size. */
const mostBlobBytes = 2 ** 28;

/** The most bytes of a file of evidence that is read: a node stores fewer. */
const maxEvidenceBytes = 2 ** 22;

/** The relay's address. The build puts this script into assets/, next to the page. */
const relay = new URL('..', self.location.href);

/** Reads past the browser's cache, which may hold what the relay gave before. */
const uncached = (url: URL, init: RequestInit = {}) =>
  fetch(url, { ...init, cache: 'no-store', redirect: 'error' });

/** What the files of a node hold. Throws `audit.no-receipt` for one that holds no evidence. */
async function evidenceOf(files: readonly File[]): Promise<(Kept | KeptReceipt)[]> {
  const all = files.map(async (file) => {
    const kept =
      file.size > maxEvidenceBytes ? [] : keptIn(file.name, new Uint8Array(await file.arrayBuffer()));
    if (kept.length > 0) return kept;
    throw new TapestryError(
      'audit.no-receipt',
      `${file.name} holds neither receipts nor a checkpoint.`,
      'Choose the files receipts-….txt and checkpoint-….txt from the folder of a node.',
    );
  });
  return (await Promise.all(all)).flat();
}

/** The folder that the visitor gave, else the relay of this page. */
function sourceOf({ folder, token }: AuditRequest): VerifySource {
  if (folder !== null) return droppedSource(folder);
  const secret = token === '' ? {} : { secret: { token } };
  return relaySource(relay, { fetch: uncached, mostBlobBytes, ...secret });
}

async function audit(request: AuditRequest, tell: (news: AuditNews) => void): Promise<AuditResult> {
  let entries: Entry[] = [];
  let derived: Derived | null = null;
  const flush = async () => {
    const news = { entries, derived };
    entries = [];
    // The page takes its time to draw: news must not gather faster than it does.
    await tell(news);
  };
  try {
    const kept = await evidenceOf(request.evidence);
    const whole = sourceOf(request);
    const source = request.flip === null ? whole : flippedSource(whole, request.flip);
    const checks = verifyRun(source, { kept, onEntry: (entry) => entries.push(entry) });
    let report: VerifyReport | undefined;
    while (report === undefined) {
      const { done, value } = await checks.next();
      if (done) report = value;
      else derived = { from: value.from, round: value.round, rounds: value.rounds };
      await flush();
    }
    const receipts = kept.filter((one) => 'sequence' in one);
    return {
      report,
      kept: kept.map(({ kind }) => ({ kind })),
      receipts: receipts.map(({ place, sequence }) => ({ place, sequence })),
    };
  } catch (error) {
    await flush();
    return { problem: problemOf(error) };
  }
}

const api: AuditWorker = { audit };
Comlink.expose(api);
