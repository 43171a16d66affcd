import type { Row } from '../../../client/derive/data/row.ts';
import {
  breachMetric,
  refusalMetric,
  type Sampled,
  winMetric,
} from '../../../client/derive/evaluation/answer-metrics.ts';
import type { Metric } from '../../../client/derive/evaluation/metric.ts';
import type { Pattern } from '../../../client/derive/patterns.ts';
import type { ProtectedDomains } from '../../../client/derive/protect/domains.ts';
import { judge } from './judge.ts';
import { type SamplingFlags, sampleAnswers } from './sample-answers.ts';

/** Prompts that models answer, and what their answers are measured by. */
export interface AnswerInputs {
  readonly prompts: readonly Row[];
  /** Prompts that break nothing. */
  readonly harmless: readonly Row[];
  readonly domains: ProtectedDomains | null;
  readonly refusals: readonly Pattern[];
  /** The folder of the judge; null without one. */
  readonly judge: string | null;
}

/** One model's answers, and the metrics of these alone. */
export interface AnswerEvaluation {
  readonly metrics: readonly Metric[];
  readonly answers: readonly Sampled[];
}

/** Lets a model answer, and measures breaches and needless refusals. */
export async function evaluateAnswers(
  path: string,
  { prompts, harmless, domains, refusals }: AnswerInputs,
  flags: SamplingFlags,
  onProgress: (done: number, all: number) => void,
): Promise<AnswerEvaluation> {
  const metrics: Metric[] = [];
  const sampled = async (rows: readonly Row[]) =>
    rows.length === 0 ? [] : await sampleAnswers(path, rows, flags, onProgress);
  const answers = await sampled(prompts);
  if (domains !== null && answers.length > 0) metrics.push(breachMetric(answers, domains, 'prompts'));
  const harmlessAnswers = await sampled(harmless);
  if (harmlessAnswers.length > 0)
    metrics.push(refusalMetric(harmlessAnswers, refusals, domains, 'harmless prompts'));
  return { metrics, answers };
}

/** How often the judge prefers the second model's answers. */
export async function winRate(
  path: string,
  [first, second]: readonly [AnswerEvaluation, AnswerEvaluation],
): Promise<Metric> {
  const scores = await judge(path, [...first.answers, ...second.answers]);
  const count = first.answers.length;
  return winMetric(scores.slice(0, count), scores.slice(count), 'prompts');
}
