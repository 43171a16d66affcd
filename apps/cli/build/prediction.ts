import { type BuildInputs, usedFiles } from '../../../client/derive/inputs.ts';
import { predictStages, type StagePrediction } from '../../../client/derive/prediction.ts';
import type { RemovedByRule } from '../../../client/derive/protect/protected-rows.ts';
import type { StageRecipe } from '../../../client/derive/recipe/recipe.ts';
import { openDevice } from '../../../client/gpu/device.ts';
import { cachedKernels } from '../../../client/host/cache.ts';
import { nodeGpu } from '../../../client/host/node/runtime.ts';
import { aligned, bytes, quantity } from '../terminal/table.ts';
import { terminalText } from '../terminal/terminal-text.ts';

/** Opens the adapter, and predicts what each stage takes on it. Throws `adapter.missing` or the errors of `planStep`. */
export async function predict(inputs: BuildInputs): Promise<StagePrediction[]> {
  const device = await openDevice(await nodeGpu());
  try {
    return await predictStages(device, cachedKernels(device), inputs);
  } finally {
    device.close();
  }
}

/** The facts of a stage's plan, for programs. */
export function planFact(
  { replayRemoved, cards }: BuildInputs,
  { stage: plan, index, bytes: memory, seconds }: StagePrediction,
) {
  const { recipe, data, baseText, shape, steps, schedule } = plan;
  return {
    event: 'plan',
    stage: index,
    kind: recipe.kind,
    files: data.files.map((file) => ({ ...file, card: cards.get(file.hash)?.card.category ?? null })),
    ...data.counts,
    replay: baseText === null ? 0 : recipe.replay.share,
    kl: recipe.kl,
    baseTokens: baseText?.train.length ?? 0,
    protectedReplay: replayRemoved[index] ?? [],
    ...shape,
    steps,
    learningRate: schedule.peak,
    bytes: memory,
    seconds,
  };
}

/** The plan of a build as lines for people. */
export function planText(inputs: BuildInputs, predictions: readonly StagePrediction[]): string {
  const { recipe, model, constitution, replayRemoved } = inputs;
  const lines = [
    `base    ${terminalText(recipe.baseModel)}, ${quantity(model.layout.trained)} parameters, context ${model.config.contextLength}`,
  ];
  if (constitution !== null) {
    const agreeing = constitution.signed.boards.filter(({ agrees }) => agrees).map(({ name }) => name);
    lines.push(
      `constitution ${constitution.hash.slice(0, 12)}, signed by ${constitution.signed.keys.length} keys; boards that agree: ${agreeing.join(', ') || 'none'}`,
    );
  }
  for (const { name, card } of usedFiles(inputs))
    lines.push(
      `data    ${terminalText(name)}: ${card === null ? 'no card' : `${card.card.category}, ${terminalText(card.card.licence)}`}`,
    );
  for (const { key, line } of recipe.ignored)
    lines.push(`ignored line ${line}: ${terminalText(key)} changes nothing here`);
  for (const prediction of predictions)
    lines.push('', ...stageLines(prediction, replayRemoved[prediction.index] ?? []));
  const seconds = predictions.reduce((sum, prediction) => sum + prediction.seconds, 0);
  lines.push('', `in all  about ${duration(seconds)} on this machine; nothing leaves it`);
  return lines.join('\n');
}

function stageLines(
  { stage, index, bytes: memory, seconds }: StagePrediction,
  replayRemoved: readonly RemovedByRule[],
): string[] {
  const { recipe, data, baseText, shape, steps, schedule, evaluationSteps } = stage;
  const { counts } = data;
  const { share } = recipe.replay;
  const removed = [
    [counts.leftOut, 'lines with problems'],
    [counts.unsuitable, 'rows of other columns'],
    [counts.duplicates, 'rows equal to earlier ones'],
    ...counts.protected.map(({ rule, count }) => [count, `rows that ${rule} protects`] as const),
    [counts.tooLong, `rows longer than ${shape.sequence} tokens`],
  ] as const;
  const replayed = replayRemoved.map(
    ({ rule, count }) => [count, `passages of base text that ${rule} protects`] as const,
  );
  const taken = [...removed, ...replayed]
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}`);
  const copies = counts.nearCopies === 0 ? '' : `, ${counts.nearCopies} near-copies kept on one side`;
  const best =
    counts.heldOut > 0 || recipe.reinforce !== null ? `; the best by ${recipe.metric} is the result` : '';
  const trainedOn = {
    reinforce: () =>
      `${counts.train} prompts, ${recipe.reinforce?.group} completions each of at most ${recipe.reinforce?.longest} tokens`,
    reward: () => `${counts.train / 2} pairs of ${quantity(counts.tokens)} tokens`,
    other: () =>
      `${counts.train} examples, ${quantity(counts.lossTokens)} of ${quantity(counts.tokens)} tokens carry loss`,
  };
  const cells = [
    ['reads', `${data.files.map(({ name }) => terminalText(name)).join(', ')}: ${counts.lines} rows`],
    ['removes', taken.length === 0 ? 'nothing' : taken.join(', ')],
    [
      'trains on',
      trainedOn[recipe.kind === 'reinforce' || recipe.kind === 'reward' ? recipe.kind : 'other'](),
    ],
    ['measures on', `${counts.heldOut} examples${copies}`],
    [
      'replay',
      share === 0 || baseText === null
        ? withoutReplay(recipe)
        : `${Math.round(100 * share)}% of the loss on base text of ${quantity(baseText.train.length)} tokens${recipe.kl > 0 ? `, and a divergence from the start costs ${recipe.kl} a nat` : ''}`,
    ],
    [
      'steps',
      `${steps} of ${shape.batch} x ${shape.sequence} tokens, rate ${schedule.peak.toPrecision(2)}, measured every ${evaluationSteps}${best}`,
    ],
    ['takes', `about ${duration(seconds)}, ${bytes(memory)} on the adapter`],
  ];
  return [`stage ${index + 1}: ${recipe.kind}`, ...aligned(cells, () => true).map((line) => `  ${line}`)];
}

/** What a stage without base text has against forgetting. */
function withoutReplay({ kind, reinforce, kl }: StageRecipe): string {
  if (kind === 'reward') return 'none: a reward model writes no text';
  const beta = reinforce?.loss.beta ?? kl;
  return beta > 0
    ? `none: a divergence from the start costs ${beta} a nat, which holds the model back`
    : 'none: the model may forget other text';
}

export function duration(seconds: number): string {
  if (seconds < 120) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
