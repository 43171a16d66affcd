import {
  difference,
  type Estimate,
  estimate,
  type Metric,
} from '../../../../client/derive/evaluation/metric.ts';
import { haveSameTokens } from '../../../../client/derive/merge/same-tokens.ts';
import { printable, TapestryError } from '../../../../client/errors.ts';
import { mean } from '../../../../client/mean.ts';
import type { LoadedModel } from '../../../../client/model/files/read-model.ts';
import { Command } from '../../command.ts';
import { corpusNames } from '../../corpus-name.ts';
import { type AnswerEvaluation, evaluateAnswers, winRate } from '../../evaluation/evaluate-answers.ts';
import { type Evaluation, evaluateModel, loadEvaluated } from '../../evaluation/evaluate-model.ts';
import {
  type EvaluationFlags,
  type EvaluationInputs,
  readEvaluationInputs,
} from '../../evaluation/inputs.ts';
import { dataOption, decimal, repeated, whole, withExamples, withJson } from '../../options.ts';
import { Output } from '../../terminal/output.ts';
import { terminalText } from '../../terminal/terminal-text.ts';

interface EvalFlags extends EvaluationFlags {
  readonly model?: string;
  readonly adapter?: string;
  readonly compare?: readonly string[];
  readonly batches: number;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed: number;
  readonly json: boolean;
}

export function evalCommand(): Command {
  const command = new Command('eval')
    .description(
      'Measure a model, or compare two on the same items: loss in nats a token on text that no node trains on, preference accuracy, ' +
        'surveys. Every figure has an interval that holds the true value in 95 of 100 repetitions.',
    )
    .option(
      '--model <folder>',
      'a folder with config.json, model.safetensors and tokenizer.json, or a GGUF file',
    )
    .option('--adapter <folder>', 'a folder of PEFT, merged into the model')
    .option(
      '--compare <models...>',
      'two models: what the second has more or less than the first, such as its base',
    )
    .option(
      '--corpus <names...>',
      'the held-out part of these corpora (default: Romance Germanic Bantu)',
      corpusNames,
    )
    .option('--text <files...>', 'the held-out part of your own files, folders or globs')
    .addOption(dataOption('node', "this node's folder, whose journal says what data was revoked"))
    .option('--probe <files...>', "whole files that nobody trains on, such as a run's probe")
    .option('--pairs <files...>', 'pairs of a chosen and a rejected answer, as the stage prefer reads them')
    .option('--survey <names...>', 'big-five-30, two-axes, or files as docs/surveys.md describes them')
    .option('--language <code>', "the surveys' language (default: each one's first)")
    .option(
      '--batches <count>',
      'at most this many batches of 8 windows of each text',
      whole(1, 1_000_000),
      64,
    )
    .option('--prompts <files...>', 'prompts that the models answer, for --judge and --protect')
    .option(
      '--judge <folder>',
      "a reward model, or a language model, that says which model's answers are better",
    )
    .option(
      '--protect <rules>',
      'protected domains, as docs/protection.md describes them: answers that breach them are counted',
    )
    .option(
      '--harmless <files...>',
      'prompts that break nothing: those that get no answer are counted as needless refusals',
    )
    .option(
      '--refusal <pattern>',
      'what a refusal looks like, in the syntax of RE2; repeat it for several',
      repeated,
    )
    .option('--max-tokens <count>', 'an answer has at most this many tokens', whole(1, 100_000), 128)
    .option(
      '--temperature <number>',
      'of the answers; 0 takes the likeliest token each time',
      decimal(0, 10),
      0.8,
    )
    .option('--seed <number>', 'of the answers and the intervals', whole(0, 0xffff_ffff), 0)
    .action(runEval);
  return withExamples(withJson(command), [
    'tapestry eval --model .tapestry/demo/base',
    'tapestry eval --model .tapestry/demo/base --corpus Slavic Turkic --json',
    "tapestry eval --model .tapestry/demo/base --text 'notes/**/*.txt'",
    'tapestry eval --compare .tapestry/demo/base my-model --corpus Romance --pairs held-out-pairs.jsonl',
    'tapestry eval --compare my-base my-model --prompts questions.jsonl --judge my-reward-model',
    "tapestry eval --model my-model --prompts attacks.jsonl --protect rules.yaml --harmless questions.jsonl --refusal '(?i)^I cannot'",
    'tapestry eval --model my-model --survey big-five-30 two-axes --language de',
  ]);
}

/** Answers between two lines of progress. */
const answersTold = 10;

async function runEval(flags: EvalFlags): Promise<void> {
  const output = new Output(flags.json);
  const paths = pathsOf(flags);
  const inputs = await readEvaluationInputs(flags, (problem) => output.error(problem));
  const models: LoadedModel[] = [];
  for (const path of paths) models.push(await loadEvaluated(path, flags.adapter));
  requireComparable(models, paths, inputs);
  const evaluations: (Evaluation & AnswerEvaluation)[] = [];
  for (const [index, model] of models.entries()) {
    const name = paths[index] ?? '';
    const evaluation = await evaluateModel(model, inputs, flags.batches, (survey, done, all) =>
      output.progress(
        { event: 'progress', model: name, survey, done, all },
        `${survey}: ${done} of ${all} answers`,
      ),
    );
    const answered = await evaluateAnswers(name, inputs.answers, flags, (done, all) => {
      if (done % answersTold === 0 || done === all)
        output.progress(
          { event: 'progress', model: name, answers: done, all },
          `${done} of ${all} prompts answered`,
        );
    });
    const metrics = [...evaluation.metrics, ...answered.metrics];
    evaluations.push({ ...evaluation, ...answered, metrics });
    if (evaluation.leftOut > 0)
      output.progress(
        { event: 'left-out', model: name, rows: evaluation.leftOut },
        `${evaluation.leftOut} rows are no pairs or do not fit the context, and were left out.`,
      );
    if (paths.length > 1) output.log(terminalText(name));
    show({ ...evaluation, metrics }, name, flags.seed, output);
  }
  const [first, second] = evaluations;
  if (first === undefined || second === undefined) return;
  output.log(`${terminalText(paths[1] ?? '')} less ${terminalText(paths[0] ?? '')}, on the same items`);
  for (const [index, metric] of first.metrics.entries()) {
    const other = second.metrics[index];
    if (other === undefined) continue;
    const compared = difference(metric, other, flags.seed);
    output.result({ event: 'difference', ...factOf(metric, compared) }, lineOf(metric, compared, true));
  }
  if (inputs.answers.judge === null || first.answers.length === 0) return;
  const wins = await winRate(inputs.answers.judge, [first, second]);
  const measured = estimate(wins, flags.seed);
  output.result({ event: 'win-rate', ...factOf(wins, measured) }, lineOf(wins, measured, false));
}

function pathsOf({ model, compare, adapter, judge, prompts }: EvalFlags): readonly string[] {
  const refuse = (message: string, next: string) => new TapestryError('usage.eval', message, next);
  if (compare !== undefined && (compare.length !== 2 || model !== undefined))
    throw refuse('Exactly two models are compared.', 'Give --compare FIRST SECOND, without --model.');
  if (compare !== undefined && adapter !== undefined)
    throw refuse('An adapter belongs to one model.', 'Merge it first, or evaluate with --model.');
  if (compare !== undefined && judge !== undefined && prompts === undefined)
    throw refuse('A judge needs answers.', 'Name prompts with --prompts FILE.');
  if (compare !== undefined) return compare;
  if (model === undefined)
    throw refuse('No model is named.', 'Give --model FOLDER, or --compare FIRST SECOND.');
  return [model];
}

/** Losses by token are comparable only where tokens and windows are the same. */
function requireComparable(
  models: readonly LoadedModel[],
  paths: readonly string[],
  { corpora }: EvaluationInputs,
) {
  const [first, second] = models;
  if (first === undefined || second === undefined || corpora.length === 0) return;
  const isAlike = first.config.contextLength === second.config.contextLength;
  if (isAlike && haveSameTokens(first.tokenizer, second.tokenizer)) return;
  throw new TapestryError(
    'eval.unpaired',
    `${paths.map(printable).join(' and ')} have another ${isAlike ? 'tokenizer' : 'context'}, so that their losses by token do not compare.`,
    'Compare them by --pairs or --survey, or evaluate each alone.',
  );
}

function show({ metrics, orderEffects }: Evaluation, model: string, seed: number, output: Output): void {
  const losses: number[] = [];
  for (const metric of metrics) {
    const measured = estimate(metric, seed);
    if (metric.name === 'loss') losses.push(measured.value);
    output.result({ event: 'metric', model, ...factOf(metric, measured) }, lineOf(metric, measured, false));
  }
  if (losses.length > 1)
    output.result({ event: 'mean', model, loss: mean(losses) }, `${mean(losses).toFixed(4)}  mean loss`);
  for (const { survey, effect } of orderEffects) {
    const shares = `${percent(effect.choice)} by the choice, ${percent(effect.place)} by its place in the order, ${percent(effect.rest)} by both together`;
    output.result(
      { event: 'order-effect', model, survey, ...effect },
      `${survey}: answers are explained ${shares}`,
    );
  }
}

const percent = (share: number) => `${(100 * share).toFixed(0)}%`;

function factOf({ name, on, unit }: Metric, { value, low, high, count }: Estimate) {
  return { metric: name, on, unit, value, low, high, items: count };
}

function lineOf({ name, on, unit }: Metric, { value, low, high }: Estimate, signed: boolean): string {
  const shown = (number: number) => `${signed && number > 0 ? '+' : ''}${number.toFixed(4)}`;
  return `${shown(value)}  (${shown(low)} to ${shown(high)})  ${name}, ${terminalText(on)}; ${terminalText(unit)}`;
}
