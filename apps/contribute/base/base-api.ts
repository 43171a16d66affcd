import type { ModelCardFacts } from '../../../client/formats/model-card.ts';
import type { ExportedFile } from '../../ui/files/saving.ts';
import type { Problem } from '../../ui/problem.ts';

/** One text to write. Texts with the same seed draw the same random numbers, so that only their bases make them differ. */
export interface WantedText {
  /** Hash of the base that writes it, hex; null for the base that the run began with. */
  readonly base: string | null;
  readonly seed: number;
}

export interface WriteRequest {
  /** Id of the run, hex. */
  readonly run: string;
  readonly texts: readonly WantedText[];
  readonly prompt: string;
  /** True while this tab trains: the GPU is then left to training, and the processor writes. */
  readonly spareGpu: boolean;
}

export interface FolderRequest {
  readonly run: string;
  /** Hash of the base, hex. */
  readonly base: string;
  /** What the model card says besides what the manifest says. */
  readonly facts: Pick<ModelCardFacts, 'round' | 'contributions' | 'tokens' | 'corpora'>;
}

/** Which of two texts a person likes better. */
export interface TextVote {
  readonly run: string;
  readonly prompt: string;
  readonly chosen: string;
  readonly rejected: string;
}

/** A result, or the problem that a person is shown instead. */
export type Answer<T> = { readonly result: T } | { readonly problem: Problem };

/** The calls from the page to the worker that reads bases. It never trains, and sends nothing but requests for what is public. */
export interface BaseWorker {
  /** Writes texts side by side, and passes each piece with its text's index. The result is false if it was stopped. */
  write(request: WriteRequest, onText: (index: number, text: string) => void): Promise<Answer<boolean>>;
  stop(): void;
  /** Tells how many bytes the worker downloads. */
  watchLoaded(add: (bytes: number) => void): void;
  /** A base as other programs read it. */
  modelFolder(request: FolderRequest): Promise<Answer<readonly ExportedFile[]>>;
  /** Stores a vote in this browser. The result is the number of those stored for the run. */
  vote(vote: TextVote): Promise<Answer<number>>;
  /** The votes on texts of a run, which this browser stores; null without any. `run` is in hex. */
  votes(run: string): Promise<Answer<ExportedFile | null>>;
}
