import { clock } from '../../client/clock.ts';
import { type TokenizedCorpus, tokenizeCorpus } from '../../client/data/corpus.ts';
import { TextBytes } from '../../client/data/text-bytes.ts';
import { byteTokenizer } from '../../client/data/tokenizer.ts';
import { type BuildResult, runBuild } from '../../client/derive/build/build.ts';
import { splitData } from '../../client/derive/build/stage-data.ts';
import { planStage } from '../../client/derive/build/stage-plan.ts';
import type { Row } from '../../client/derive/data/row.ts';
import { parseRecipe } from '../../client/derive/recipe/recipe.ts';
import { cacheFiles } from '../../client/host/cache.ts';
import { presets } from '../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../client/model/parameters.ts';
import type { Files } from '../../client/runtime.ts';
import { sha256Hex } from '../../client/sha256.ts';
import { never } from '../loop.ts';
import { exactAnswers, lossOf, samplesOf } from './evaluation.ts';
import { answerRows, type Question, questionsOf, unseen } from './tasks.ts';
import { archaicWords, pairRows, readVerses, textRows, type Verse, type Verses } from './verses.ts';

export interface SovereignOptions {
  readonly gpu: GPU;
  /** The folder of the built bench. */
  readonly headless: string;
  /** Tokens that the base is trained on. */
  readonly tokens: number;
  /** Builds of each stage, each from another seed. */
  readonly seeds: number;
  /** Steps of instruct and of prefer. */
  readonly instructSteps: number;
  readonly preferSteps: number;
  readonly seed: number;
}

const config = presets.nano;
const layout = layoutOf(config);
const shape = { batch: 8, sequence: config.contextLength };
type Weights = Float32Array<ArrayBuffer>;

/** Training pairs for each step of prefer: a step takes three, and the reference is computed for all of them. */
const pairsPerStep = 4;

/** Held-out questions of each task that are asked. */
const askedPerTask = 100;

/**
 * A base of verses in old and modern English, and derivatives of it: answers to questions, and modern English preferred to old.
 * Yields a record for each measurement, and at last all figures beside the start's own.
 */
export async function* sovereign(options: SovereignOptions): AsyncGenerator<object> {
  const started = performance.now();
  const verses = await readVerses(options.headless);
  const { train, heldOut } = verses;
  const both = (of: readonly Verse[]) => of.flatMap(({ old, modern }) => [old, modern]);
  const baseText = await corpusOf(both(train), both(heldOut));
  const card = async (weights: Weights) => ({
    old: await lossOf(
      options.gpu,
      weights,
      await corpusOf(
        [],
        heldOut.map(({ old }) => old),
      ),
    ),
    modern: await lossOf(
      options.gpu,
      weights,
      await corpusOf(
        [],
        heldOut.map(({ modern }) => modern),
      ),
    ),
  });

  const steps = Math.ceil(options.tokens / (shape.batch * shape.sequence));
  const base = await stage(options, verses, {
    kind: 'continue',
    more: `replay: 0\nlearning_rate: 2e-3\nmax_steps: ${steps}\neval_steps: ${Math.ceil(steps / 4)}`,
    rows: [textRows(both(train)), textRows(both(heldOut).slice(0, 400))],
    from: initialParameters(config, layout, options.seed),
    baseText: null,
    seed: options.seed,
  });
  const start = {
    loss: await card(base.parameters),
    archaic: archaicWords(await samplesOf(base.parameters, 0)),
  };
  yield { bench: 'sovereign', stage: 'base', ...start, seconds: secondsSince(started) };

  const trained = questionsOf(train, options.seed);
  const asked = unseen(questionsOf(heldOut, options.seed), trained);
  const exactAtStart = await exactAnswers(base.parameters, asked, askedPerTask);
  const instruct: object[] = [];
  const prefer: object[] = [];
  for (let seed = 0; seed < options.seeds; seed++) {
    const answers = await stage(options, verses, {
      kind: 'instruct',
      more: `learning_rate: 1e-3\nmax_steps: ${options.instructSteps}\neval_steps: ${Math.ceil(options.instructSteps / 3)}`,
      rows: [answerRows(balanced(trained)), answerRows(asked.slice(0, 300))],
      from: base.parameters,
      baseText,
      seed,
    });
    const answered = {
      seed,
      exact: await exactAnswers(answers.parameters, asked, askedPerTask),
      ...changes(answers),
      loss: await card(answers.parameters),
    };
    instruct.push(answered);
    yield { bench: 'sovereign', stage: 'instruct', ...answered, seconds: secondsSince(started) };

    const modern = await stage(options, verses, {
      kind: 'prefer',
      more: `learning_rate: 2e-4\nmax_steps: ${options.preferSteps}\neval_steps: ${Math.ceil(options.preferSteps / 3)}`,
      rows: [pairRows(spread(train, pairsPerStep * options.preferSteps)), pairRows(heldOut)],
      from: base.parameters,
      baseText,
      seed,
    });
    const preferred = {
      seed,
      ...changes(modern),
      loss: await card(modern.parameters),
      archaic: archaicWords(await samplesOf(modern.parameters, 0)),
    };
    prefer.push(preferred);
    yield { bench: 'sovereign', stage: 'prefer', ...preferred, seconds: secondsSince(started) };
  }
  yield {
    ...{ bench: 'sovereign', parameters: layout.trained, tokens: options.tokens, seeds: options.seeds },
    base: { ...start, exact: exactAtStart },
    ...{ instruct, prefer, seconds: secondsSince(started) },
  };
}

interface Stage {
  readonly kind: 'continue' | 'instruct' | 'prefer';
  /** Keys of the recipe besides the kind, as YAML. */
  readonly more: string;
  /** Rows to train on and held-out rows. */
  readonly rows: readonly [readonly Row[], readonly Row[]];
  readonly from: Weights;
  readonly baseText: TokenizedCorpus | null;
  readonly seed: number;
}

/** Builds one stage as `tapestry build` does, with its state in memory. */
async function stage(
  { gpu }: SovereignOptions,
  { hash }: Verses,
  { kind, more, rows, from, baseText, seed }: Stage,
): Promise<BuildResult> {
  const source = `base_model: memory\nmicro_batch_size: ${shape.batch}\n${more}\nstages:\n  - {kind: ${kind}, datasets: [{path: memory}]}\n`;
  const [recipe] = parseRecipe(source, 'the recipe').stages;
  if (recipe === undefined) throw new RangeError('the recipe has one stage');
  const [train, heldOut] = rows;
  const about = { files: [{ name: 'verses', hash }], lines: train.length + heldOut.length };
  const counts = { leftOut: 0, duplicates: 0, nearCopies: 0 };
  const data = splitData({ train, heldOut, ...about, ...counts }, recipe, byteTokenizer, shape.sequence);
  const plan = planStage(recipe, config, data, baseText, seed);
  const kept = new Map<string, Uint8Array<ArrayBuffer>>();
  const files: Files = {
    read: async (name) => kept.get(name) ?? null,
    write: async (name, bytes) => {
      kept.set(name, bytes);
    },
  };
  return runBuild({ id: sha256Hex(source), base: from, stages: [plan] }, files, {
    runtime: { ...clock, gpu: async () => gpu, cache: cacheFiles() },
    config,
    tokenizer: byteTokenizer,
    references: files,
    checkpointMilliseconds: Number.POSITIVE_INFINITY,
    saveAdapter: async () => {},
    date: Date.now,
    onEvent: (event) => {
      if (event.event === 'measurement')
        process.stderr.write(`${JSON.stringify({ kind, seed, ...event })}\n`);
    },
    signal: never,
  });
}

/** The measurement before a stage's first step and that of its result. */
function changes({ measurements, chosen }: BuildResult) {
  const result = measurements.find(({ step }) => step === chosen[0]);
  return { before: measurements[0]?.values, after: result?.values };
}

/** At most `count` of the verses, evenly spread over them. */
function spread(verses: readonly Verse[], count: number): Verse[] {
  const stride = Math.max(1, Math.floor(verses.length / count));
  return verses.filter((_, index) => index % stride === 0).slice(0, count);
}

/** Equally many questions of each task, in their order. */
function balanced(questions: readonly Question[]): Question[] {
  const tasks = [...Map.groupBy(questions, ({ task }) => task).values()];
  const count = Math.min(...tasks.map(({ length }) => length));
  return tasks.flatMap((of) => of.slice(0, count));
}

function corpusOf(train: readonly string[], heldOut: readonly string[]): Promise<TokenizedCorpus> {
  const textOf = (texts: readonly string[]) => {
    const text = new TextBytes();
    for (const each of texts) text.add(each);
    return text;
  };
  return tokenizeCorpus({ name: 'verses', train: textOf(train), heldOut: textOf(heldOut) }, byteTokenizer);
}

const secondsSince = (started: number) => (performance.now() - started) / 1000;
