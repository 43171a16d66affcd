import type { ContributorEvent } from '../../../client/contribute/events.ts';
import type { EvidenceFile } from '../../../client/contribute/protocol/evidence.ts';
import type { Nation } from '../../../client/data/udhr/nations.ts';
import type { Problem } from '../../ui/problem.ts';
import type { EnvelopeApi } from '../envelope/envelope-api.ts';

/** The reason why a browser cannot train. */
export type Obstacle = 'insecure-context' | 'no-webgpu' | 'no-adapter';

/** The worker's findings before anything starts. */
export interface Probe {
  readonly gpu: { readonly name: string; readonly software: boolean } | { readonly obstacle: Obstacle };
  readonly corpora: readonly Nation[];
  /** null if the relay did not answer. */
  readonly tokenNeeded: boolean | null;
}

/** What the worker reads in files, before anything starts. */
export interface TextPreview {
  /** Bytes of the usable text in UTF-8; 0 if there is none. */
  readonly bytes: number;
  /** The first lines that are not blank, shortened. */
  readonly firstLines: readonly string[];
  /** What is wrong with files or their parts; the rest is used. */
  readonly problems: readonly Problem[];
}

export interface StartRequest {
  /** A corpus's name, or files that only the worker reads. */
  readonly text: { readonly corpus: string } | { readonly files: readonly File[] };
  readonly token: string | null;
  /** From 0.1 to 1; anything else fails with `usage.power`. */
  readonly power: number;
}

export type WorkerEvent =
  | ContributorEvent
  /** A problem of one sort with the chosen files; the node trains on the usable text. */
  | ({ readonly event: 'file-problem' } & Problem)
  /** The error that ended the contributor; `evidence` is what the relay signed, if it showed two journals. */
  | ({ readonly event: 'failed'; readonly evidence: readonly EvidenceFile[] } & Problem);

/** The calls from the page to the worker, which owns GPU, text and contributor. */
export interface ContributeWorker extends EnvelopeApi {
  probe(): Promise<Probe>;
  /** Reads files as `start` would; a problem of the files is part of the result, not a rejection. */
  preview(files: readonly File[]): Promise<TextPreview>;
  subscribe(listener: (event: WorkerEvent) => void): void;
  /** Tells how many bytes the worker downloads as a part of the page: scripts and corpora, not what the node fetches. */
  watchLoaded(add: (bytes: number) => void): void;
  /** Resolves when the contributor has left; a failure is an event, not a rejection. */
  start(request: StartRequest): Promise<void>;
  pause(): void;
  resume(): void;
  finish(): void;
  /** Stores the round in work at its next step, because the page may be closed. */
  storeSoon(): void;
  /** Connects at once where the node waits for its next attempt. */
  retryNow(): void;
  setPower(power: number): void;
  /** The file of what the relay signed for this node's contributions to a run; null before the first. `run` is in hex. */
  receipts(run: string): Promise<EvidenceFile | null>;
  /** Removes the key, the saved state and the weights from this browser. */
  forget(): Promise<void>;
}
