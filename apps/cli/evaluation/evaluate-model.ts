import { tokenizeCorpus } from '../../../client/data/corpus.ts';
import type { Metric } from '../../../client/derive/evaluation/metric.ts';
import { Scorer } from '../../../client/derive/evaluation/scorer.ts';
import { askSurvey } from '../../../client/derive/evaluation/survey/ask.ts';
import {
  axisMetrics,
  type OrderEffect,
  orderEffect,
} from '../../../client/derive/evaluation/survey/result.ts';
import { lossMetric, pairMetrics } from '../../../client/derive/evaluation/text-metrics.ts';
import { openDevice } from '../../../client/gpu/device.ts';
import { cachedKernels } from '../../../client/host/cache.ts';
import { nodeGpu } from '../../../client/host/node/runtime.ts';
import { mergeAdapter } from '../../../client/model/adapter/merge.ts';
import type { LoadedModel } from '../../../client/model/files/read-model.ts';
import { loadAdapter } from '../model/adapter-folder.ts';
import { isTrainedOnChats } from '../model/chat-model.ts';
import { loadModel } from '../model/model-folder.ts';
import type { EvaluationInputs } from './inputs.ts';

/** What a model was measured to be. */
export interface Evaluation {
  readonly metrics: readonly Metric[];
  /** By survey, how much of the answers the order of the choices explains. */
  readonly orderEffects: readonly { readonly survey: string; readonly effect: OrderEffect }[];
  /** Rows of pairs that were no pairs, or did not fit the context. */
  readonly leftOut: number;
}

/** Loads a model, with an adapter merged into it where one is named. */
export async function loadEvaluated(path: string, adapter: string | undefined): Promise<LoadedModel> {
  const model = await loadModel(path);
  if (adapter === undefined) return model;
  const { layout, parameters: values } = model;
  const loaded = await loadAdapter(adapter, model);
  // With an adapter a base counts as trained on chats.
  const metadata = { ...model.metadata, 'tapestry.kind': 'derivative' };
  return { ...model, metadata, parameters: mergeAdapter({ layout, values }, loaded.adapter) };
}

/** Measures a model on a device of its own. `onProgress` is told how far a survey has come. */
export async function evaluateModel(
  model: LoadedModel,
  { corpora, pairs, surveys }: EvaluationInputs,
  batches: number,
  onProgress: (survey: string, done: number, all: number) => void,
): Promise<Evaluation> {
  const { tokenizer } = model;
  if (corpora.length + pairs.length + surveys.length === 0)
    return { metrics: [], orderEffects: [], leftOut: 0 };
  const device = await openDevice(await nodeGpu());
  try {
    const scorer = await Scorer.open(device, model, cachedKernels(device));
    try {
      const metrics: Metric[] = [];
      const orderEffects: Evaluation['orderEffects'][number][] = [];
      let leftOut = 0;
      for (const corpus of corpora)
        metrics.push(await lossMetric(scorer, await tokenizeCorpus(corpus, tokenizer), batches));
      for (const { name, rows } of pairs) {
        const measured = await pairMetrics(scorer, tokenizer, rows, name);
        metrics.push(...measured.metrics);
        leftOut += measured.leftOut;
      }
      const format = isTrainedOnChats(model) ? 'chat' : 'plain';
      for (const survey of surveys) {
        const told = (done: number, all: number) => onProgress(survey.title, done, all);
        const answers = await askSurvey(scorer, tokenizer, format, survey, told);
        const asked = axisMetrics(survey, answers);
        metrics.push(...asked);
        orderEffects.push({ survey: asked[0]?.on ?? survey.title, effect: orderEffect(answers) });
      }
      return { metrics, orderEffects, leftOut };
    } finally {
      scorer.close();
    }
  } finally {
    device.close();
  }
}
