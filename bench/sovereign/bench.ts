import { type TokenizedCorpus, tokenizeCorpus } from '../../client/data/corpus.ts';
import { TextBytes } from '../../client/data/text-bytes.ts';
import { byteTokenizer } from '../../client/data/tokenizer.ts';
import { initialParameters, layoutOf } from '../../client/model/parameters.ts';
import { Random } from '../../client/random.ts';
import { exactAnswers, lossOf, samplesOf } from './evaluation.ts';
import { type Figures, overSeeds } from './over-seeds.ts';
import { buildStage, changes, config, type Weights } from './stage.ts';
import { answerRows, balanced, promptRows, questionsOf, unseen } from './tasks.ts';
import { archaicWords, pairRows, readVerses, textRows, type Verse } from './verses.ts';

export interface SovereignOptions {
  readonly gpu: GPU;
  /** The folder of the built bench. */
  readonly headless: string;
  /** Tokens that the base is trained on. */
  readonly tokens: number;
  /** Builds of each stage, each from another seed. */
  readonly seeds: number;
  readonly instructSteps: number;
  readonly preferSteps: number;
  /** Updates of reinforce. */
  readonly reinforceSteps: number;
  readonly seed: number;
}

const layout = layoutOf(config);

/** Windows of a step of the base. */
const baseBatch = 8;

/** Held-out questions of each task that are asked. */
const askedPerTask = 200;

/**
 * A base of verses in old and modern English, and derivatives of it: answers to questions, modern English preferred to old, and
 * questions rewarded. Yields a record for each measurement, and at last all figures beside the start's own, over the seeds.
 */
export async function* sovereign(options: SovereignOptions): AsyncGenerator<object> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const { gpu, seeds, seed: baseSeed } = options;
  const { train, heldOut, hash } = await readVerses(options.headless);
  const baseText = await corpusOf(shuffled(both(train), baseSeed), both(heldOut));
  const cards = {
    old: await corpusOf(
      [],
      heldOut.map(({ old }) => old),
    ),
    modern: await corpusOf(
      [],
      heldOut.map(({ modern }) => modern),
    ),
  };
  const byCard = async (weights: Weights) => ({
    old: await lossOf(gpu, weights, cards.old),
    modern: await lossOf(gpu, weights, cards.modern),
  });
  const archaic = async (weights: Weights) => archaicWords(await samplesOf(gpu, weights, 0));

  const steps = Math.ceil(options.tokens / (baseBatch * config.contextLength));
  const { parameters: from } = await buildStage(gpu, hash, {
    kind: 'continue',
    // Muon needs a quarter of the tokens of AdamW for the same loss here.
    keys: `${every(4, steps)}\nmicro_batch_size: ${baseBatch}\noptimizer: muon\nlearning_rate: 8e-3\nreplay: 0`,
    train: textRows(shuffled(both(train), baseSeed)),
    heldOut: textRows(both(heldOut).slice(0, 400)),
    from: initialParameters(config, layout, baseSeed),
    baseText: null,
    seed: baseSeed,
  });
  const trained = questionsOf(train, baseSeed);
  const asked = unseen(questionsOf(heldOut, baseSeed), trained);
  const base = {
    loss: await byCard(from),
    archaic: await archaic(from),
    exact: await exactAnswers(gpu, from, asked, askedPerTask),
  };
  yield { bench: 'sovereign', stage: 'base', ...base, seconds: seconds() };

  const results: Record<'instruct' | 'prefer' | 'reinforce', Figures[]> = {
    instruct: [],
    prefer: [],
    reinforce: [],
  };
  for (let seed = 0; seed < seeds; seed++) {
    const stage = { from, baseText, seed };
    const answers = await buildStage(gpu, hash, {
      ...stage,
      kind: 'instruct',
      keys: `${every(4, options.instructSteps)}\n${instructKeys}`,
      train: answerRows(balanced(trained)),
      heldOut: answerRows(spread(asked, 300)),
    });
    const answered = {
      ...changes(answers),
      exact: await exactAnswers(gpu, answers.parameters, asked, askedPerTask),
      loss: await byCard(answers.parameters),
    };
    results.instruct.push(answered);
    yield { bench: 'sovereign', stage: 'instruct', seed, ...answered, seconds: seconds() };

    const modern = await buildStage(gpu, hash, {
      ...stage,
      kind: 'prefer',
      keys: `${every(4, options.preferSteps)}\n${preferKeys}`,
      train: pairRows(spread(train, pairsPerStep * options.preferSteps)),
      heldOut: pairRows(heldOut),
    });
    const preferred = {
      ...changes(modern),
      archaic: await archaic(modern.parameters),
      loss: await byCard(modern.parameters),
    };
    results.prefer.push(preferred);
    yield { bench: 'sovereign', stage: 'prefer', seed, ...preferred, seconds: seconds() };

    const asking = await buildStage(gpu, hash, {
      ...stage,
      kind: 'reinforce',
      keys: `${every(8, options.reinforceSteps)}\n${reinforceKeys}`,
      train: promptRows(spread(train, 4000)),
      heldOut: promptRows(spread(heldOut, 400)),
    });
    const rewarded = { ...changes(asking), loss: await byCard(asking.parameters) };
    results.reinforce.push(rewarded);
    const curve = asking.measurements.map(({ step, values }) => ({ step, ...values }));
    yield { bench: 'sovereign', stage: 'reinforce', seed, ...rewarded, curve, seconds: seconds() };
  }
  const { instruct, prefer, reinforce } = results;
  yield {
    ...{ bench: 'sovereign', parameters: layout.trained, tokens: options.tokens, seeds, base },
    instruct: overSeeds(instruct),
    prefer: overSeeds(prefer),
    reinforce: overSeeds(reinforce),
    seconds: seconds(),
  };
}

const instructKeys = `micro_batch_size: 12
optimizer: muon
learning_rate: 2e-3
replay: 0.4`;

/** Training pairs for each step of prefer: a step takes three, and the reference is computed for all of them. */
const pairsPerStep = 4;
const preferKeys = `micro_batch_size: 8
learning_rate: 2e-4
rpo_alpha: 1`;

/** 24 completions a step: three groups, beside ten windows of base text. */
const reinforceKeys = `micro_batch_size: 34
learning_rate: 2e-4
rewards: [{ kind: pattern, pattern: '\\?' }]
trl: { num_generations: 8, max_completion_length: 64 }`;

/** Keys for a stage of `steps` that is measured `count` times after its beginning. */
const every = (count: number, steps: number) =>
  `max_steps: ${steps}\neval_steps: ${Math.ceil(steps / count)}`;

const both = (of: readonly Verse[]) => of.flatMap(({ old, modern }) => [old, modern]);

/** At most `count` of some values, evenly spread over them. */
function spread<Value>(values: readonly Value[], count: number): Value[] {
  const stride = Math.max(1, Math.floor(values.length / count));
  return values.filter((_, index) => index % stride === 0).slice(0, count);
}

/** The texts in another order, so that a verse in modern English does not follow the same one in old English. */
function shuffled(texts: readonly string[], seed: number): string[] {
  const random = Random.seeded(seed, 5);
  const order = [...texts];
  for (const [at, text] of texts.entries()) {
    const other = random.below(at + 1);
    order[at] = order[other] ?? text;
    order[other] = text;
  }
  return order;
}

function corpusOf(train: readonly string[], heldOut: readonly string[]): Promise<TokenizedCorpus> {
  const textOf = (texts: readonly string[]) => {
    const text = new TextBytes();
    for (const each of texts) text.add(each);
    return text;
  };
  return tokenizeCorpus({ name: 'verses', train: textOf(train), heldOut: textOf(heldOut) }, byteTokenizer);
}
