import type { ContributorEvent } from '../../client/contribute/events.ts';
import type { Nation } from '../../client/data/nations.ts';

/** Why a browser cannot train. */
export type Obstacle = 'insecure-context' | 'no-webgpu' | 'no-adapter';

/** What the worker finds before anything starts. */
export interface Probe {
  readonly gpu: { readonly name: string; readonly software: boolean } | { readonly obstacle: Obstacle };
  readonly nations: readonly Nation[];
  /** null when the relay did not answer. */
  readonly tokenNeeded: boolean | null;
}

export interface StartRequest {
  /** A nation's name, or files that only the worker reads. */
  readonly text: { readonly nation: string } | { readonly files: readonly File[] };
  readonly token: string | null;
  /** From 0.1 to 1; anything else fails with `usage.power`. */
  readonly power: number;
}

/** A TapestryError as it crosses from the worker to the page. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

export type WorkerEvent =
  | ContributorEvent
  /** A file that cannot be used; the others go on. */
  | ({ readonly event: 'file-problem' } & Problem)
  /** The contributor ended by this error. */
  | ({ readonly event: 'failed' } & Problem);

/** What the page may ask of the worker that owns GPU, text and contributor. */
export interface ContributeWorker {
  probe(): Promise<Probe>;
  subscribe(listener: (event: WorkerEvent) => void): void;
  /** Resolves when the contributor has left; a failure is an event, not a rejection. */
  start(request: StartRequest): Promise<void>;
  pause(): void;
  resume(): void;
  finish(): void;
  setPower(power: number): void;
  /** Removes key, resume state and weights from this browser. */
  forget(): Promise<void>;
}
