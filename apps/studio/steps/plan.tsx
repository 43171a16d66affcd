import { formatBytes, formatCount, formatDuration, formatShare } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import type { Session } from '../session.ts';
import type { PlanView, StageView } from '../worker/worker-api.ts';

const words = messages.studio.recipe;

function removedBy(stage: StageView): string {
  const names = ['leftOut', 'unsuitable', 'duplicates', 'tooLong'] as const;
  const removed = names.filter((name) => stage[name] > 0).map((name) => words.removed[name](stage[name]));
  for (const { rule, count } of stage.protected) removed.push(words.removedRows(count, rule));
  for (const { rule, count } of stage.protectedText) removed.push(words.removedText(count, rule));
  return removed.length === 0 ? words.nothing : removed.join(', ');
}

function StagePlan({ stage }: { stage: StageView }) {
  const count = formatCount;
  const lines = [
    [words.reads, words.lines(stage.files.join(', '), stage.lines)],
    [words.removes, removedBy(stage)],
    [words.trainsOn, words.examples(stage.train, stage.lossTokens, stage.tokens)],
    [words.measures, words.heldOut(stage.heldOut)],
    [
      words.replays,
      stage.replay === 0
        ? stage.kl > 0
          ? words.nearStart(String(stage.kl))
          : words.noReplay
        : words.replayed(formatShare(stage.replay, 1), stage.baseTokens),
    ],
    [
      words.steps,
      words.shape(
        count(stage.steps),
        count(stage.batch),
        count(stage.sequence),
        stage.learningRate.toPrecision(2),
      ),
    ],
    [words.takes, words.cost(formatDuration(1000 * stage.seconds), formatBytes(stage.memory))],
  ] as const;
  return (
    <dl class="facts">
      {lines.map(([term, text]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

function ConstitutionPlan({ constitution }: { constitution: NonNullable<PlanView['constitution']> }) {
  const { name, hash, keys, boards } = constitution;
  return (
    <p class="help">
      {words.constitution(name, hash.slice(0, 12), keys)}{' '}
      {boards.length > 0 && words.boards(boards.join(', '))}
    </p>
  );
}

/** What a recipe would read, remove and train, how long and with how much memory. */
export function Plan({ session, isReady }: { session: Session; isReady: boolean }) {
  const plan = session.plan.value;
  const planning = session.planning.value;
  return (
    <div class="plan">
      <button
        type="button"
        class="button"
        disabled={!isReady || planning || session.busy.value}
        onClick={() => session.makePlan()}
      >
        {words.plan}
      </button>
      <p role="status" class="help">
        {planning && words.planning}
      </p>
      {plan !== null && (
        <section aria-label={words.planned}>
          {plan.stages.map((stage, index) => (
            <StagePlan key={index} stage={stage} />
          ))}
          {plan.constitution !== null && <ConstitutionPlan constitution={plan.constitution} />}
          {plan.ignored.length > 0 && <p class="help">{words.ignored(plan.ignored.join(', '))}</p>}
        </section>
      )}
    </div>
  );
}
