import * as Comlink from 'comlink';
import { TapestryError } from '../../../client/errors.ts';
import type { Entry } from '../../../relay/journal/entry.ts';
import { relaySource } from '../../../relay/verify/http-source.ts';
import { type KeptReceipt, keptReceipts } from '../../../relay/verify/kept.ts';
import { type VerifyReport, verifyRun } from '../../../relay/verify/verify.ts';
import { problemOf } from '../../ui/problem.ts';
import { flippedSource } from './flipped-source.ts';
import type { AuditNews, AuditRequest, AuditResult, AuditWorker, Derived } from './worker-api.ts';

/** The largest blob that a tab reads, in bytes: a base of 2^26 parameters. A manifest may say any size. */
const mostBlobBytes = 2 ** 28;

/** The most bytes of a file of receipts that is read: a node stores fewer. */
const maxReceiptBytes = 2 ** 22;

/** The relay's address. The build puts this script into assets/, next to the page. */
const relay = new URL('..', self.location.href);

/** Reads past the browser's cache, which may hold what the relay gave before. */
const uncached = (url: URL, init: RequestInit = {}) =>
  fetch(url, { ...init, cache: 'no-store', redirect: 'error' });

/** The receipts of a file. Throws `audit.no-receipt`. */
async function receiptsOf(file: File | null): Promise<KeptReceipt[]> {
  if (file === null) return [];
  const receipts =
    file.size > maxReceiptBytes ? [] : keptReceipts(file.name, new Uint8Array(await file.arrayBuffer()));
  if (receipts.length > 0) return receipts;
  throw new TapestryError(
    'audit.no-receipt',
    `${file.name} holds no receipt.`,
    'Choose a file receipts-….txt from the folder of a node.',
  );
}

async function audit(
  { token, receipts: file, flip }: AuditRequest,
  tell: (news: AuditNews) => void,
): Promise<AuditResult> {
  let entries: Entry[] = [];
  let derived: Derived | null = null;
  const flush = async () => {
    const news = { entries, derived };
    entries = [];
    // The page takes its time to draw: news must not gather faster than it does.
    await tell(news);
  };
  try {
    const secret = token === '' ? {} : { secret: { token } };
    const kept = await receiptsOf(file);
    const whole = relaySource(relay, { fetch: uncached, mostBlobBytes, ...secret });
    const source = flip === null ? whole : flippedSource(whole, flip);
    const checks = verifyRun(source, { kept, onEntry: (entry) => entries.push(entry) });
    let report: VerifyReport | undefined;
    while (report === undefined) {
      const { done, value } = await checks.next();
      if (done) report = value;
      else derived = { from: value.from, round: value.round, rounds: value.rounds };
      await flush();
    }
    return { report, receipts: kept.map(({ place, sequence }) => ({ place, sequence })) };
  } catch (error) {
    await flush();
    return { problem: problemOf(error) };
  }
}

const api: AuditWorker = { audit };
Comlink.expose(api);
