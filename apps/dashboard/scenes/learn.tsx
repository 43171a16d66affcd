import type { RelayStatus } from '../../../relay/wire/status.ts';
import { formatLoss } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import { corpusLine } from '../../ui/run-loss.ts';
import { type LearnPlan, learnPlan } from './learn-plan.ts';

const words = messages.scenes;
/** The drawing's size, in units of its own. */
const [width, height] = [1000, 400];

function Chart({ plan }: { plan: LearnPlan }) {
  const { rounds, line, band, named, range } = plan;
  const [low, high] = range;
  const [first, last] = [rounds[0] ?? 0, rounds.at(-1) ?? 1];
  const x = (at: number) =>
    ((((rounds[at] ?? first) - first) / Math.max(1, last - first)) * width).toFixed(1);
  const y = (value: number) => (height - ((value - low) / (high - low)) * height).toFixed(1);
  const path = (values: readonly (number | null)[]) => {
    const points = values.flatMap((value, at) => (value === null ? [] : [`${x(at)} ${y(value)}`]));
    return points.length === 0 ? '' : `M${points.join('L')}`;
  };
  const upper = band.flatMap((at, i) => (at === null ? [] : [`${x(i)} ${y(at.high)}`]));
  const lower = band.flatMap((at, i) => (at === null ? [] : [`${x(i)} ${y(at.low)}`]));
  const area = upper.length < 2 ? '' : `M${[...upper, ...lower.reverse()].join('L')}Z`;
  return (
    <svg class="learn" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <path class="band" d={area} />
      {named.map(({ corpus, values }) => (
        <path
          key={corpus}
          class="named"
          d={path(values)}
          style={{
            stroke: `var(${corpusLine(corpus).colour})`,
            strokeDasharray: corpusLine(corpus).dash.join(' '),
          }}
        />
      ))}
      <path class="bold" d={path(line)} />
    </svg>
  );
}

/**
 * One cell for each corpus that has no line: the nearer its loss is to that of the best of all corpora, the fuller. The names of
 * the best and the worst of these stand beside.
 */
function HeatStrip({ others, named }: Pick<LearnPlan, 'others' | 'named'>) {
  const [low, high] = [named[0]?.last ?? 0, named.at(-1)?.last ?? 0];
  const part = (last: number) => (high > low ? Math.max(0.1, (high - last) / (high - low)) : 1);
  return (
    <div class="heat">
      <span aria-hidden="true">{others[0]?.name}</span>
      <ol>
        {others.map(({ corpus, name, last }) => (
          <li key={corpus} title={`${name} ${formatLoss(last)}`} style={{ '--part': part(last).toFixed(2) }}>
            <span class="visually-hidden">{`${name} ${formatLoss(last)}`}</span>
          </li>
        ))}
      </ol>
      <span aria-hidden="true">{others.at(-1)?.name}</span>
    </div>
  );
}

/** How far the run has learnt: one bold line, the band of all corpora, and the names of three. */
export function Learn({ status }: { status: RelayStatus }) {
  const plan = learnPlan(status);
  if (plan === null) return <p>{words.noLoss}</p>;
  const shown = plan.line.filter((value) => value !== null);
  const [from, to] = [formatLoss(shown[0] ?? null), formatLoss(shown.at(-1) ?? null)];
  const [best, worst] = [plan.named[0]?.name ?? '', plan.named.at(-1)?.name ?? ''];
  return (
    <>
      <p>
        <strong>{words.loss(from, to)}</strong> {words.lossOf[plan.isProbe ? 'probe' : 'heldOut']}
      </p>
      <p class="visually-hidden">{words.chart(from, to, best, worst)}</p>
      <div class="chart-and-names">
        <Chart plan={plan} />
        <ol class="names">
          {[...plan.named].reverse().map(({ corpus, name, last }) => (
            <li key={corpus} style={{ borderColor: `var(${corpusLine(corpus).colour})` }}>
              {name} {formatLoss(last)}
            </li>
          ))}
        </ol>
      </div>
      {plan.others.length > 0 && <HeatStrip others={plan.others} named={plan.named} />}
    </>
  );
}
