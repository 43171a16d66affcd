import type { DataCard } from '../../../client/data/cards/card.ts';
import type { LossToken } from '../../../client/derive/build/loss-spans.ts';
import type { Measurement } from '../../../client/derive/build/measurement.ts';
import type { StageEvent } from '../../../client/derive/build/run-stage.ts';
import type { ChatFormat } from '../../../client/derive/chat/answer-prompt.ts';
import type { PreferencePair } from '../../../client/derive/chat/conversation.ts';
import type { RowForm } from '../../../client/derive/data/row.ts';
import type { Breaches } from '../../../client/derive/evaluation/breaches.ts';
import type { RemovedByRule } from '../../../client/derive/protect/protected-rows.ts';
import type { StoredFile } from '../../../client/host/browser/origin-folder.ts';
import type { ChosenFile } from '../../ui/files/chosen.ts';
import type { ExportedFile } from '../../ui/files/saving.ts';
import type { Problem } from '../../ui/problem.ts';

/** A base, or a derivative that was built here. */
export interface ModelView {
  /** Unique among the studio's models; recipes name it. */
  readonly name: string;
  readonly kind: 'base' | 'derivative';
  /** The name of the model that a derivative was built from. */
  readonly from: string | null;
  /** SHA-256 of the weights, in hex. */
  readonly hash: string;
  readonly parameters: number;
  readonly contextLength: number;
  readonly vocabularySize: number;
  /** Milliseconds since 1970. */
  readonly made: number;
  readonly bytes: number;
  /** The kinds of its stages with their losses on held-out rows; empty for a base. */
  readonly stages: readonly StageFigures[];
  readonly hasAdapter: boolean;
  /** Revoked files that it, or a model that it was built on, was built with. */
  readonly revoked: readonly string[];
}

export interface StageFigures {
  readonly kind: string;
  readonly steps: number;
  readonly before: number | null;
  readonly after: number | null;
}

export interface DatasetView {
  readonly name: string;
  readonly bytes: number;
  readonly rows: number;
  readonly forms: Readonly<Partial<Record<RowForm, number>>>;
  readonly problems: readonly Problem[];
  /** Null without a data card. */
  readonly card: DataCard | null;
  /** Why it may take no part in builds; null if it may. */
  readonly refusal: Problem | null;
}

/** A file that recipes name: a constitution, rules of protected domains, or a reward function. */
export interface DocumentView {
  readonly name: string;
  readonly bytes: number;
  readonly kind: 'constitution' | 'rules' | 'function';
  readonly principles: number;
  /** Protected domains. */
  readonly rules: number;
  /** Keys whose signatures hold. */
  readonly signatures: number;
  readonly problem: Problem | null;
}

/** A build that was stopped, or that the page was closed in. */
export interface UnfinishedBuild {
  readonly id: string;
  readonly recipe: string;
}

/** All that the studio holds. */
export interface LibraryView {
  readonly models: readonly ModelView[];
  readonly datasets: readonly DatasetView[];
  readonly documents: readonly DocumentView[];
  readonly unfinished: UnfinishedBuild | null;
  /** Every file, with its folders. */
  readonly files: readonly StoredFile[];
  /** Bytes that the browser allows this page; null if it does not say. */
  readonly quota: number | null;
}

export interface Opened {
  /** The adapter's name; null if the browser has none to train on. */
  readonly gpu: { readonly name: string; readonly software: boolean } | null;
  /** Names of the built-in corpora. */
  readonly corpora: readonly string[];
  readonly recipe: string;
  readonly library: LibraryView;
}

/** A row as the model will see it. */
export interface RowView {
  readonly index: number;
  readonly form: RowForm;
  /** The protected domains that remove the row. */
  readonly protectedBy: readonly string[];
  /** Why the stage does not use the row; null if it does. */
  readonly leftOut: 'too-long' | 'unsuitable' | null;
  /** The row's examples: one, or for a pair the chosen and the rejected answer. */
  readonly examples: readonly (readonly LossToken[])[];
}

export interface StageView {
  readonly kind: string;
  readonly files: readonly string[];
  readonly lines: number;
  readonly leftOut: number;
  readonly unsuitable: number;
  readonly duplicates: number;
  /** Rows, and passages of base text, that protected domains remove. */
  readonly protected: readonly RemovedByRule[];
  readonly protectedText: readonly RemovedByRule[];
  readonly tooLong: number;
  readonly train: number;
  readonly heldOut: number;
  readonly tokens: number;
  readonly lossTokens: number;
  readonly replay: number;
  /** What a nat of divergence from the start costs. */
  readonly kl: number;
  readonly baseTokens: number;
  readonly batch: number;
  readonly sequence: number;
  readonly steps: number;
  readonly learningRate: number;
  /** Bytes on the adapter. */
  readonly memory: number;
  readonly seconds: number;
}

export interface PlanView {
  readonly stages: readonly StageView[];
  /** The constitution, the number of keys that signed it, and the boards that agree; null without one. */
  readonly constitution: {
    readonly name: string;
    readonly hash: string;
    readonly keys: number;
    readonly boards: readonly string[];
  } | null;
  readonly ignored: readonly string[];
}

export interface Sampling {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed: number;
}

export interface AnswerRequest extends Sampling {
  readonly model: string;
  readonly format: ChatFormat;
  readonly prompt: string;
}

export interface BreachRequest extends Sampling {
  readonly models: readonly [string, string];
  readonly format: ChatFormat;
  /** The most prompts that each model answers. */
  readonly prompts: number;
}

/** What two models' answers to the same prompts break, for each model. */
export interface BreachView {
  readonly models: readonly [string, string];
  readonly prompts: number;
  readonly counted: readonly [Breaches, Breaches];
}

export type ExportFormat = 'folder' | 'gguf' | 'peft';

export type StudioEvent =
  | { readonly event: 'library'; readonly library: LibraryView }
  | ({ readonly event: 'problem' } & Problem)
  | { readonly event: 'recipe'; readonly recipe: string }
  | { readonly event: 'earlier'; readonly measurements: readonly Measurement[] }
  | { readonly event: 'built'; readonly model: string }
  | { readonly event: 'stopped' }
  | ({ readonly event: 'failed' } & Problem)
  | StageEvent;

/** The calls from the page to the worker, which owns files, adapter and models. */
export interface StudioWorker {
  open(listener: (event: StudioEvent) => void): Promise<Opened>;
  /** Takes models, data and its cards, recipes and what they name among files; what it cannot use is a problem. Resolves when all are stored. */
  add(files: readonly ChosenFile[]): Promise<void>;
  removeModel(name: string): Promise<void>;
  removeDataset(name: string): Promise<void>;
  /** Removes the data card that covers a dataset. */
  removeCard(dataset: string): Promise<void>;
  removeDocument(name: string): Promise<void>;
  /** Revokes a dataset: no build and no export uses it any more, and nothing takes this back. */
  revoke(dataset: string): Promise<void>;
  /** Removes all that the page stored. */
  forget(): Promise<void>;
  /** Stores the recipe's text, and says what is wrong with it; null if nothing is. */
  setRecipe(text: string): Promise<Problem | null>;
  /** Some rows of a dataset, as the recipe's model and stage make them. A problem is an event, and gives no rows. */
  rows(dataset: string, start: number, count: number, recipe: string): Promise<readonly RowView[]>;
  /** The plan of a recipe; null if it cannot be made, which is an event. */
  plan(recipe: string): Promise<PlanView | null>;
  /** Builds, or resumes. Resolves when the build has ended; how is an event. */
  build(recipe: string): Promise<void>;
  stop(): void;
  discard(id: string): Promise<void>;
  /** Continues a prompt; `onText` gets each new piece. Resolves to the whole answer, or null after a problem. */
  answer(request: AnswerRequest, onText: (text: string) => void): Promise<string | null>;
  /** Counts what two models' answers break of a recipe's rules; null after a problem. */
  breaches(
    recipe: string,
    request: BreachRequest,
    onProgress: (done: number, all: number) => void,
  ): Promise<BreachView | null>;
  /** Adds a pair to the votes, a dataset that *prefer* trains on. */
  vote(pair: PreferencePair): Promise<void>;
  /** Prompts of a dataset's rows, for asking. */
  prompts(dataset: string): Promise<readonly string[]>;
  /** The files of a model in a format; null after a problem. `acknowledged` lets a model out that is built on revoked data. */
  exported(
    model: string,
    format: ExportFormat,
    acknowledged: boolean,
  ): Promise<readonly ExportedFile[] | null>;
}
