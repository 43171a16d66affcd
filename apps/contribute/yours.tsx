import { useMemo } from 'preact/hooks';
import type { RelayStatus } from '../../relay/wire/status.ts';
import { formatCount, formatShare } from '../ui/format.ts';
import { LossChart } from '../ui/loss-chart.tsx';
import { messages } from '../ui/messages.ts';
import type { Chart } from '../ui/series.ts';
import type { ContributeView } from './contribute-view.ts';
import type { Controller } from './controller.ts';
import type { LossPoint } from './progress/loss-points.ts';
import { Receipts } from './receipts.tsx';

const words = messages.contribute;

type Node = RelayStatus['nodes'][number];

/**
 * The place of a node among those that are connected, by tokens in contributions that the relay accepted. Nodes with as many share a
 * place; a node without any has none.
 */
export function rankOf(own: Pick<Node, 'tokens'>, nodes: readonly Pick<Node, 'tokens'>[]): number | null {
  if (own.tokens === 0) return null;
  return 1 + nodes.filter(({ tokens }) => tokens > own.tokens).length;
}

/** The node's totals. The relay counts over the whole run, the page since it was opened; the larger count is shown. */
export function ownTotals(progress: ContributeView, status: RelayStatus | null) {
  const known = status?.nodes.find((node) => node.id === progress.node);
  const tokens = Math.max(progress.tokens, known?.tokens ?? 0);
  return {
    tokens,
    contributions: Math.max(progress.contributions, known?.contributions ?? 0),
    runTokens: Math.max(tokens, status?.totals.tokens ?? 0),
    rank: known && status ? rankOf(known, status.nodes) : null,
    nodes: status?.nodes.length ?? 0,
  };
}

function ownChart(points: readonly LossPoint[]): Chart {
  return {
    x: points.map((point) => point.step),
    series: [
      {
        label: messages.loss.own,
        colour: '--accent',
        dash: [],
        marker: 'none',
        values: points.map((point) => point.training),
      },
      {
        label: messages.loss.ownHeldOut,
        colour: '--dye-1',
        dash: [8, 4],
        marker: 'diamond',
        values: points.map((point) => point.heldOut),
      },
    ],
  };
}

/** The time that one pass over the text takes at the present speed; null while either is not known. */
function passTime({ corpusTokens, tokensPerSecond }: ContributeView): string | null {
  if (corpusTokens === null || tokensPerSecond <= 0) return null;
  const minutes = corpusTokens / tokensPerSecond / 60;
  return minutes < 1 ? words.passShort : words.passMinutes(formatCount(Math.round(minutes)));
}

export function Yours({ session }: { session: Controller }) {
  const progress = session.progress.value;
  const own = ownTotals(progress, session.feed.status.value);
  const pass = passTime(progress);
  const chart = useMemo(() => ownChart(progress.loss), [progress.loss]);
  return (
    <section class="panel yours" aria-labelledby="yours-heading">
      <h2 id="yours-heading">{words.yours}</h2>
      <dl class="figures">
        <div>
          <dt>{words.tokens}</dt>
          <dd>{formatCount(own.tokens)}</dd>
        </div>
        <div>
          <dt>{words.share}</dt>
          <dd>{formatShare(own.tokens, own.runTokens)}</dd>
        </div>
        <div>
          <dt>{words.accepted}</dt>
          <dd>{formatCount(own.contributions)}</dd>
        </div>
        {own.rank !== null && (
          <div>
            <dt>{words.rank}</dt>
            <dd>{words.rankValue(own.rank, own.nodes)}</dd>
          </div>
        )}
        {progress.fate !== null && (
          <div>
            <dt>{words.roundsCounted}</dt>
            <dd>{formatCount(progress.counted)}</dd>
          </div>
        )}
        {progress.fate !== null && (
          <div>
            <dt>{words.counted}</dt>
            <dd>{words.fates[progress.fate.outcome](formatShare(progress.fate.share, 1))}</dd>
          </div>
        )}
        <div>
          <dt>{words.speed}</dt>
          <dd>{progress.tokensPerSecond > 0 ? formatCount(Math.round(progress.tokensPerSecond)) : '–'}</dd>
        </div>
        {progress.corpusTokens !== null && (
          <div>
            <dt>{words.corpusTokens}</dt>
            <dd>{formatCount(progress.corpusTokens)}</dd>
          </div>
        )}
        {pass !== null && (
          <div>
            <dt>{words.pass}</dt>
            <dd>{pass}</dd>
          </div>
        )}
      </dl>
      <LossChart chart={chart} xLabel={messages.loss.step} empty={messages.loss.ownEmpty} />
      {progress.contributions > 0 && <Receipts session={session} />}
    </section>
  );
}
