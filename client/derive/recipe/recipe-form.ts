import { type Document, isMap, isSeq, parseDocument } from 'yaml';
import { stageKinds } from './schema.ts';

/** The usual choices of a recipe as a form shows them: those of its first stage. Null is what the recipe leaves to its defaults. */
export interface RecipeForm {
  readonly base: string;
  readonly kind: (typeof stageKinds)[number];
  readonly datasets: readonly string[];
  readonly adapter: 'none' | 'lora' | 'qlora';
  readonly rank: number | null;
  readonly learningRate: number | null;
  readonly epochs: number | null;
  /** The share of base text in every step. */
  readonly replay: number | null;
  /** Names of files, and of built-in corpora, that are the base text. */
  readonly replayText: readonly string[];
  readonly replayCorpora: readonly string[];
  /** The file of the constitution; null without one. */
  readonly constitution: string | null;
  /** The file of protected domains; null without one. */
  readonly protectedFile: string | null;
  /** True if the recipe itself has rules of protected domains, which the name of a file would replace. */
  readonly hasOwnRules: boolean;
  /** The file of the first reward that is a function; null without one. */
  readonly rewardFunction: string | null;
  /** The number of all rewards. */
  readonly rewards: number;
}

/** What a form may change. */
export type RecipeChange = Partial<Omit<RecipeForm, 'hasOwnRules' | 'rewards'>>;

/** Reads the form of a recipe's text; null if the text is no YAML. Values that a form does not understand are left to the defaults. */
export function readForm(text: string): RecipeForm | null {
  const document = parseDocument(text);
  if (document.errors.length > 0) return null;
  const recipe = recordOf(document.toJS());
  const { stages } = recipe;
  const stage = { ...recipe, ...recordOf(Array.isArray(stages) ? stages[0] : undefined) };
  const { kind, adapter, datasets, replay } = stage;
  const shares = recordOf(replay);
  const rewards = Array.isArray(stage['rewards']) ? stage['rewards'].map(recordOf) : [];
  const { constitution, protected: rules } = recipe;
  return {
    base: typeof recipe['base_model'] === 'string' ? recipe['base_model'] : '',
    kind: stageKinds.find((name) => name === kind) ?? 'instruct',
    datasets: Array.isArray(datasets) ? datasets.flatMap((each) => namesOf(recordOf(each)['path'])) : [],
    adapter: adapter === 'lora' || adapter === 'qlora' ? adapter : 'none',
    rank: numberOf(stage['lora_r']),
    learningRate: numberOf(stage['learning_rate']),
    epochs: numberOf(stage['num_epochs']),
    replay: numberOf(replay) ?? numberOf(shares['share']),
    replayText: namesOf(shares['text']),
    replayCorpora: namesOf(shares['corpora']),
    constitution: nameOf(constitution) ?? nameOf(recordOf(constitution)['path']),
    protectedFile: nameOf(rules),
    hasOwnRules: Array.isArray(rules) && rules.length > 0,
    rewardFunction: nameOf(rewards.find(isFunction)?.['path']),
    rewards: rewards.length,
  };
}

/** The recipe's text with some choices changed; comments and all other keys stay. The text must be YAML. */
export function changeRecipe(text: string, change: RecipeChange): string {
  const document = parseDocument(text.trim() === '' ? 'stages: [{kind: instruct}]' : text);
  if (change.base !== undefined) document.set('base_model', change.base);
  const stage = document.has('stages') ? ['stages', 0] : [];
  const set = (key: string, value: unknown) => {
    const path = [...stage, key];
    if (value === null) document.deleteIn(path);
    else document.setIn(path, document.createNode(value));
  };
  if (change.kind !== undefined) set('kind', change.kind);
  if (change.datasets !== undefined)
    set('datasets', change.datasets.length === 0 ? null : change.datasets.map((path) => ({ path })));
  if (change.adapter !== undefined) set('adapter', change.adapter === 'none' ? null : change.adapter);
  if (change.rank !== undefined) set('lora_r', change.rank);
  if (change.learningRate !== undefined) set('learning_rate', change.learningRate);
  if (change.epochs !== undefined) set('num_epochs', change.epochs);
  if (changesReplay(change)) {
    const { replay, replayText, replayCorpora } = { ...(readForm(text) ?? emptyReplay), ...change };
    set(
      'replay',
      replay === 0
        ? 0
        : {
            ...(replay === null ? {} : { share: replay }),
            ...(replayText.length > 0 && { text: replayText }),
            ...(replayCorpora.length > 0 && { corpora: replayCorpora }),
          },
    );
  }
  if (change.constitution !== undefined) changeConstitution(document, change.constitution);
  if (change.protectedFile !== undefined) setOrDelete(document, ['protected'], change.protectedFile);
  if (change.rewardFunction !== undefined) changeFunction(document, stage, change.rewardFunction);
  return document.toString();
}

/** The path of the constitution; the signatures that the recipe requires of it stay. */
function changeConstitution(document: Document, path: string | null): void {
  const isMapping = isMap(document.get('constitution'));
  setOrDelete(document, isMapping && path !== null ? ['constitution', 'path'] : ['constitution'], path);
}

/** The file of the first reward that is a function; its weight and the other rewards stay. */
function changeFunction(document: Document, stage: readonly (string | number)[], path: string | null): void {
  const list = document.getIn([...stage, 'rewards']);
  const rewards = isSeq(list) ? list.items.map((item) => recordOf(isMap(item) ? item.toJSON() : null)) : [];
  const index = rewards.findIndex(isFunction);
  if (path === null && index < 0) return;
  if (path === null && rewards.length === 1) document.deleteIn([...stage, 'rewards']);
  else if (path === null) document.deleteIn([...stage, 'rewards', index]);
  else if (index >= 0) document.setIn([...stage, 'rewards', index, 'path'], path);
  else {
    const added = document.createNode({ kind: 'function', path });
    if (isSeq(list)) list.add(added);
    else document.setIn([...stage, 'rewards'], document.createNode([added]));
  }
}

function setOrDelete(document: Document, path: readonly string[], value: string | null): void {
  if (value === null) document.deleteIn(path);
  else document.setIn(path, value);
}

const emptyReplay = { replay: null, replayText: [], replayCorpora: [] };

function changesReplay({ replay, replayText, replayCorpora }: RecipeChange): boolean {
  return replay !== undefined || replayText !== undefined || replayCorpora !== undefined;
}

function recordOf(value: unknown): { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function namesOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}

const isFunction = ({ kind }: { readonly [key: string]: unknown }) => kind === 'function';
const nameOf = (value: unknown) => (typeof value === 'string' ? value : null);
const numberOf = (value: unknown) => (typeof value === 'number' ? value : null);
