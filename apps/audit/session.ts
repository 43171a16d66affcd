import { batch, signal } from '@preact/signals';
import * as Comlink from 'comlink';
import { type AuditReport, auditReportOf } from '../../relay/verify/report/audit-report.ts';
import type { VerifyReport } from '../../relay/verify/verify.ts';
import { version } from '../cli/version.ts';
import type { ChosenFile } from '../ui/files/chosen.ts';
import type { Problem } from '../ui/problem.ts';
import { type Accepted, RunGrid } from './run-grid.ts';
import type { AuditNews, AuditWorker, ReceiptPlace } from './worker/worker-api.ts';

/** The page's side of the worker that audits. */
export class Session {
  readonly phase = signal<'ready' | 'running' | 'done' | 'failed'>('ready');
  /** The run as far as it was read; a new object for each news. */
  readonly grid = signal(new RunGrid());
  readonly report = signal<VerifyReport | null>(null);
  readonly problem = signal<Problem | null>(null);
  /** Milliseconds that the last audit took. */
  readonly took = signal(0);
  readonly token = signal('');
  /** The folder of a run that the visitor gave; null to audit the relay. */
  readonly folder = signal<readonly ChosenFile[] | null>(null);
  /** The visitor's files of receipts and of a checkpoint. */
  readonly evidence = signal<readonly File[]>([]);
  /** The report of the last audit that came to a verdict, for its file. */
  readonly audited = signal<AuditReport | null>(null);
  /** The receipts of the last audit that came to a verdict. */
  readonly receipts = signal<readonly ReceiptPlace[]>([]);
  /** The contribution of which a bit was flipped on purpose in the last audit. */
  readonly flipped = signal<Accepted | null>(null);
  readonly #relay: URL;
  #worker: Worker | null = null;

  constructor(token: string, relay: URL) {
    this.token.value = token;
    this.#relay = relay;
  }

  /** Where the run is read from: the relay's address, or the name of the visitor's folder. */
  get place(): string {
    const [first] = this.folder.value ?? [];
    return first === undefined ? this.#relay.href : (first.path.split('/', 1)[0] ?? '');
  }

  /** Audits this folder from now on. What is no folder of a run is told of by the audit. */
  open(folder: readonly ChosenFile[]): Promise<void> {
    this.folder.value = folder;
    return this.start();
  }

  /** Audits. A bit of the payload of `flipped` is changed while it is read. */
  async start(flipped: Accepted | null = null): Promise<void> {
    this.stop();
    const started = performance.now();
    const worker = new Worker(new URL('./worker/audit-worker.ts', import.meta.url), {
      type: 'module',
      name: 'audit-worker',
    });
    this.#worker = worker;
    batch(() => {
      this.phase.value = 'running';
      this.grid.value = new RunGrid();
      this.report.value = null;
      this.audited.value = null;
      this.receipts.value = [];
      this.flipped.value = flipped;
      this.problem.value = null;
    });
    worker.onerror = ({ message }) => {
      if (this.#worker !== worker) return;
      this.#fail({ code: 'page.worker', message, next: 'Reload the page.' });
    };
    const tell = ({ entries, derived }: AuditNews) => {
      if (this.#worker === worker) this.grid.value = this.grid.value.with(entries, derived);
    };
    const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
    const flip = flipped && {
      payload: flipped.body.payload,
      bit: random % (8 * Math.max(1, flipped.body.payloadBytes)),
    };
    const place = this.place;
    const request = {
      ...{ token: this.token.value, folder: this.folder.value, evidence: this.evidence.value, flip },
    };
    const result = await Comlink.wrap<AuditWorker>(worker).audit(request, Comlink.proxy(tell));
    if (this.#worker !== worker) return;
    if ('problem' in result) return this.#fail(result.problem);
    batch(() => {
      this.took.value = performance.now() - started;
      this.report.value = result.report;
      const facts = {
        time: Date.now(),
        verifier: `tapestry ${version}, in a browser`,
        place,
        kept: result.kept,
      };
      this.audited.value = auditReportOf(result.report, facts);
      this.receipts.value = result.receipts;
      this.grid.value = this.grid.value.judgedBy(result.report.problems);
      this.#end('done');
    });
  }

  /** Gives an audit up; what was found so far is no verdict. */
  stop(): void {
    if (this.#worker !== null) this.#end('ready');
  }

  #fail(problem: Problem): void {
    batch(() => {
      this.problem.value = problem;
      this.#end('failed');
    });
  }

  #end(phase: 'ready' | 'done' | 'failed'): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.phase.value = phase;
  }
}
