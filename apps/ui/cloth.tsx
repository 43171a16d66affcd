import type { RelayStatus } from '../../relay/wire/status.ts';
import './cloth.css';
import { messages } from './messages.ts';
import { participation, weave, weavingCorpora } from './weave.ts';

const cell = 12;
/** The strands to draw while no corpus takes part. */
const bareLoom = [0, 1, 2, 3];

/** The run's progress bar, drawn as a band of cloth. Screen readers get the progress as text. */
export function Cloth({ status }: { status: RelayStatus | null }) {
  const run = status?.run;
  const round = status?.round;
  const complete = round?.phase === 'complete';
  const history = status === null ? [] : participation(status.history);
  const committed = status?.base.round ?? 0;
  const present = status?.nodes.map((node) => node.corpus) ?? [];
  const corpora = weavingCorpora(run?.corpora ?? [], present, history);
  const plan = weave({
    rounds: run?.rounds ?? 1,
    corpora: corpora.length === 0 ? bareLoom : corpora,
    history,
    picksPerRow: matchMedia('(max-width: 34rem)').matches ? 5 : 12,
    part: round && !complete ? round.contributions / Math.max(1, round.target) : 0,
  });
  const width = plan.columns * cell;
  const height = plan.rows.length * cell;
  const fell = plan.woven * cell;
  const crossings = [];
  for (let column = 0; column < plan.woven; column++) {
    const latest = column === plan.woven - 1 ? ' latest' : '';
    for (const { row, dye } of plan.rows) {
      const crossing = plan.crossing(row, column);
      const [x, y] = [column * cell, row * cell];
      const key = `${column}.${row}`;
      crossings.push(
        crossing === 'weft' ? (
          <rect key={key} class={`weft${latest}`} x={x + 2.25} y={y - 2} width={7.5} height={16} rx={3} />
        ) : (
          <rect
            key={key}
            class={`${crossing} dye-${dye}${latest}`}
            x={x - 2}
            y={y + 2}
            width={16}
            height={8}
            rx={3}
          />
        ),
      );
    }
  }
  return (
    <div
      role="progressbar"
      aria-label={messages.cloth.label}
      aria-valuemin={0}
      aria-valuemax={run?.rounds ?? 1}
      aria-valuenow={committed}
      aria-valuetext={messages.cloth.value(committed, run?.rounds ?? 0)}
    >
      <svg class="cloth" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
        {plan.rows.map(({ dye, row }) => (
          <line
            key={row}
            class={`warp dye-${dye}`}
            x1={fell}
            x2={width}
            y1={row * cell + cell / 2}
            y2={row * cell + cell / 2}
          />
        ))}
        {crossings}
        {plan.woven > 0 && plan.woven < plan.columns && (
          <line class="fell" x1={fell + 2} x2={fell + 2} y1={0} y2={height} />
        )}
      </svg>
    </div>
  );
}
