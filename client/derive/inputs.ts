import type { HashedCard } from '../data/cards/card.ts';
import { type Corpus, type TokenizedCorpus, tokenizeCorpus } from '../data/corpus.ts';
import type { Parentage } from '../formats/lineage/lineage.ts';
import type { DataFile } from '../formats/lineage/record.ts';
import type { Model } from '../model/files/read-model.ts';
import { type Build, buildId } from './build/build.ts';
import type { RewardSources } from './build/reinforce/rewards.ts';
import { stageData } from './build/stage-data.ts';
import { planStage, type StagePlan, sequenceOf } from './build/stage-plan.ts';
import { requireSignatures, type SignedConstitution } from './constitution/signatures.ts';
import type { FileRows } from './data/read-rows.ts';
import { joinRules, protectedDomains } from './protect/domains.ts';
import type { RemovedByRule } from './protect/protected-rows.ts';
import { withoutProtectedLines } from './protect/protected-text.ts';
import type { ProtectedRule } from './protect/schema.ts';
import type { Recipe, ReplayRecipe, StageRecipe } from './recipe/recipe.ts';
import type { RewardWeights } from './reward/reward-model.ts';

/** Everything that a recipe names, read from where it lies. */
export interface BuildInputs {
  readonly recipe: Recipe;
  readonly model: Model;
  readonly build: Build;
  /** The model that the build begins with, as what is made from it names it. */
  readonly parentage: Parentage;
  /** For each stage, the files of its base text. */
  readonly replayFiles: readonly (readonly DataFile[])[];
  /** For each stage, the passages that protected domains removed from its base text, by rule. */
  readonly replayRemoved: readonly (readonly RemovedByRule[])[];
  /** The data cards of the stages' files, by the hash of the file. */
  readonly cards: ReadonlyMap<string, HashedCard>;
  /** Null if the recipe names none. */
  readonly constitution: SignedConstitution | null;
}

/** Where the files that a recipe names are read from: a disk, or a page's own storage. */
export interface BuildSources {
  /** The rows of the files that a stage names. Throws `dataset.none` if none can be read. */
  datasets(names: readonly string[]): Promise<readonly FileRows[]>;
  /** The base text that a stage names; null if it names none. Throws `corpus.*`. */
  baseText(replay: ReplayRecipe): Promise<BaseText | null>;
  /** The reward model at a path. Throws `model.*`. */
  judge(path: string): Promise<RewardWeights>;
  /** The source text of a person's reward function. Throws `reward.unreadable`. */
  rewardFunction(path: string): Promise<string>;
  /** The card of a file of data; null if it has none. Throws `card.*` if the file may not take part in a build. */
  cardOf(file: { readonly name: string; readonly hash: string }): Promise<HashedCard | null>;
  /** The rules of protected domains in a file. Throws `protected.*`. */
  protectedRules(path: string): Promise<readonly ProtectedRule[]>;
  /** The constitution at a path, with its signatures checked. Throws `constitution.*`. */
  constitution(path: string): Promise<SignedConstitution>;
}

/** Base text as one corpus, and the files that it was read from. Built-in corpora have none. */
export interface BaseText {
  readonly corpus: Corpus;
  readonly files: readonly DataFile[];
}

/** Base text as tokens of the model. */
interface ReadBaseText {
  readonly tokenized: TokenizedCorpus;
  readonly removed: readonly RemovedByRule[];
  readonly files: readonly DataFile[];
}

/** What the rewards of a stage name. */
async function readRewards(
  { reinforce }: StageRecipe,
  sources: Pick<BuildSources, 'judge' | 'rewardFunction'>,
): Promise<RewardSources> {
  const judges = new Map<string, RewardWeights>();
  const functions = new Map<string, string>();
  for (const rule of reinforce?.rules ?? []) {
    if (rule.kind === 'judge') judges.set(rule.model, await sources.judge(rule.model));
    if (rule.kind === 'function') functions.set(rule.path, await sources.rewardFunction(rule.path));
  }
  return { judges, functions };
}

/** The files of data and of base text that a build uses, each once, with their cards. */
export function usedFiles({ build, replayFiles, cards }: BuildInputs) {
  const files = [...build.stages.flatMap(({ data }) => data.files), ...replayFiles.flat()];
  const distinct = new Map(files.map((file) => [file.hash, file])).values();
  return [...distinct].map(({ name, hash }) => ({ name, hash, card: cards.get(hash) ?? null }));
}

/** The protected domains of a recipe, or of the file that it names, and those of its constitution. Throws `protected.*`. */
export async function protectedRulesOf(
  recipe: Pick<Recipe, 'protected'>,
  constitution: SignedConstitution | null,
  sources: Pick<BuildSources, 'protectedRules'>,
): Promise<readonly ProtectedRule[]> {
  const own =
    typeof recipe.protected === 'string' ? await sources.protectedRules(recipe.protected) : recipe.protected;
  return joinRules(own, constitution?.constitution.protected ?? []);
}

/** Reads a recipe's data and base text, and plans its stages. @throws TapestryError `recipe.*`, `constitution.*`, `dataset.*` or `corpus.*` */
export async function prepareBuild(
  recipe: Recipe,
  model: Model,
  parentage: Parentage,
  sources: BuildSources,
): Promise<BuildInputs> {
  const { config, tokenizer, parameters } = model;
  const constitution = recipe.constitution && (await sources.constitution(recipe.constitution.path));
  if (recipe.constitution && constitution) requireSignatures(constitution, recipe.constitution);
  const rules = await protectedRulesOf(recipe, constitution, sources);
  const domains = rules.length === 0 ? null : protectedDomains(rules);
  const cards = new Map<string, HashedCard>();
  const cardOf = async (file: { readonly name: string; readonly hash: string }) => {
    const card = await sources.cardOf(file);
    if (card !== null) cards.set(file.hash, card);
    return card;
  };
  const baseTexts = new Map<string, Promise<ReadBaseText | null>>();
  const readBaseText = async (replay: ReplayRecipe): Promise<ReadBaseText | null> => {
    const read = await sources.baseText(replay);
    if (read === null) return null;
    const files: DataFile[] = [];
    for (const file of read.files) files.push({ ...file, card: (await cardOf(file))?.hash ?? null });
    const { corpus, removed } =
      domains === null ? { corpus: read.corpus, removed: [] } : withoutProtectedLines(read.corpus, domains);
    return { tokenized: await tokenizeCorpus(corpus, tokenizer), removed, files };
  };
  const stages: StagePlan[] = [];
  const replayFiles: (readonly DataFile[])[] = [];
  const replayRemoved: (readonly RemovedByRule[])[] = [];
  for (const [index, stage] of recipe.stages.entries()) {
    const files = await sources.datasets(stage.datasets);
    for (const file of files) await cardOf(file);
    const data = stageData(files, stage, tokenizer, sequenceOf(stage, config), domains);
    const key = JSON.stringify([stage.replay.text, stage.replay.corpora]);
    const baseText = baseTexts.get(key) ?? readBaseText(stage.replay);
    baseTexts.set(key, baseText);
    const read = await baseText;
    replayFiles.push(read?.files ?? []);
    replayRemoved.push(read?.removed ?? []);
    const before = stages.at(-1)?.config ?? config;
    const rewards = await readRewards(stage, sources);
    const seed = (recipe.seed + index) >>> 0;
    stages.push(planStage(stage, before, data, read?.tokenized ?? null, seed, rewards));
  }
  const id = buildId(recipe, parentage.parent.weights, stages, constitution?.hash ?? null);
  return {
    recipe,
    model,
    parentage,
    replayFiles,
    replayRemoved,
    cards,
    constitution,
    build: { id, base: parameters, stages },
  };
}
