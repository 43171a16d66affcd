import * as Comlink from 'comlink';
import type { Entry } from '../../../relay/journal/entry.ts';
import { relaySource } from '../../../relay/verify/http-source.ts';
import { type VerifyReport, verifyRun } from '../../../relay/verify/verify.ts';
import { problemOf } from '../../ui/problem.ts';
import type { AuditNews, AuditResult, AuditWorker, Derived } from './worker-api.ts';

/** The largest blob that a tab reads, in bytes: a base of 2^26 parameters. A manifest may say any size. */
const mostBlobBytes = 2 ** 28;

/** The relay's address. The build puts this script into assets/, next to the page. */
const relay = new URL('..', self.location.href);

/** Reads past the browser's cache, which may hold what the relay gave before. */
const uncached = (url: URL, init: RequestInit = {}) =>
  fetch(url, { ...init, cache: 'no-store', redirect: 'error' });

async function audit(token: string, tell: (news: AuditNews) => void): Promise<AuditResult> {
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
    const source = relaySource(relay, { fetch: uncached, mostBlobBytes, ...secret });
    const checks = verifyRun(source, { onEntry: (entry) => entries.push(entry) });
    let report: VerifyReport | undefined;
    while (report === undefined) {
      const { done, value } = await checks.next();
      if (done) report = value;
      else derived = { from: value.from, round: value.round, rounds: value.rounds };
      await flush();
    }
    return { report };
  } catch (error) {
    await flush();
    return { problem: problemOf(error) };
  }
}

const api: AuditWorker = { audit };
Comlink.expose(api);
