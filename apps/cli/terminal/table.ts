import { type RelayStatus, statesOf } from '../../../relay/wire/status.ts';
import { colour } from './output.ts';
import { terminalText } from './terminal-text.ts';

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/**
 * The status of a run as lines for a terminal: the round, then a row for each node. A narrow terminal cuts the ends of
 * lines, so the least important columns come last.
 */
export function statusTable(status: RelayStatus, now: number): string[] {
  const { run, round, totals, base } = status;
  const left =
    round.deadlineAt === null ? '' : `, at most ${duration(Math.max(0, round.deadlineAt - now))} left`;
  const measured = status.history.at(-1)?.probeLoss ?? null;
  const speed = status.nodes.reduce((sum, node) => sum + node.tokensPerSecond, 0);
  const rows = [
    ['corpus', 'state', 'step', 'tokens', 'tokens/s', 'loss', 'held out', 'up', 'down', 'on'],
    ...status.nodes.map((node) => [
      terminalText(node.corpus ?? '-'),
      node.state,
      `${node.steps}/${run.localSteps}`,
      quantity(node.tokens),
      quantity(node.tokensPerSecond),
      loss(node.trainingLoss),
      loss(node.heldOutLoss),
      bytes(node.bytesUp),
      bytes(node.bytesDown),
      node.host,
    ]),
  ];
  const last = (rows[0]?.length ?? 0) - 1;
  const lines = aligned(rows, (column) => column < 2 || column === last);
  return [
    `${colour('bold', `round ${round.number}/${run.rounds}`)} ${round.phase}, ${round.contributions} of ${round.target} contributions${left}`,
    `${measured === null ? '' : `loss ${loss(measured)} measured by the relay; `}base of round ${base.round}, ${quantity(totals.tokens)} tokens, ${quantity(speed)} tokens/s reported, ${bytes(totals.bytesUp)} up, ${bytes(totals.bytesDown)} down`,
    ...upstreamLine(base),
    ...evaluatorsLine(status, now),
    ...lines.map((line, index) => (index === 0 ? colour('dim', line) : line)),
    ...(status.nodes.length === 0
      ? []
      : [colour('dim', 'steps, tokens, tokens/s, losses and downloads as the nodes report them')]),
  ];
}

/** Whether the base comes from an upstream relay; no line for a run without one. */
function upstreamLine({ upstream }: RelayStatus['base']): string[] {
  if (upstream === undefined) return [];
  const { run, state, round } = upstream;
  const adopted = round === 0 ? 'no base adopted from it yet' : `its base of round ${round} was adopted last`;
  return [
    `${state === 'following' ? 'follows' : 'works without'} the upstream run ${run.slice(0, 16)}: ${adopted}`,
  ];
}

/** Who of the evaluators is here, and how far the scoring is; no line for a run without any. */
function evaluatorsLine({ run, evaluation }: RelayStatus, now: number): string[] {
  if (run.evaluators === undefined || evaluation === undefined) return [];
  const { round, scores, deadlineAt } = evaluation;
  const states = statesOf(evaluation.states);
  const [all, here] = [
    states.length,
    states.filter((state) => state === 'here' || state === 'scored').length,
  ];
  const left =
    deadlineAt === null ? '' : `, waits at most ${duration(Math.max(0, deadlineAt - now))} for the others`;
  const last = round === null ? 'no round has closed yet' : `round ${round}: ${scores} scored${left}`;
  return [`evaluators: ${here} of ${all} here, ${run.evaluators.quorum} decide; ${last}`];
}

/** Rows as lines of columns, words to the left and numbers to the right. */
export function aligned(rows: readonly (readonly string[])[], isWord: (column: number) => boolean): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) =>
        isWord(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

export function loss(value: number | null): string {
  return value === null ? '-' : value.toFixed(3);
}

/** 1234567 as 1.23M. */
export function quantity(value: number): string {
  for (const [size, unit] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const)
    if (value >= size) return `${(value / size).toPrecision(3)}${unit}`;
  return value.toFixed(0);
}

/** Bytes in units of a thousand each, as the pages write them: 1.23 MB. */
export function bytes(value: number): string {
  let [size, unit] = [value, 0];
  // 999.5 would round up to "1000 kB".
  while (size >= 999.5 && unit < byteUnits.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${Number(size.toPrecision(3))} ${byteUnits[unit]}`;
}

function duration(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}
