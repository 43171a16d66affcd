import type { RelayStatus } from '../../relay/wire/status.ts';
import { formatBytes, formatCount, timesLess } from '../ui/format.ts';
import { messages } from '../ui/messages.ts';

const words = messages.dashboard;

export function Totals({ status }: { status: RelayStatus }) {
  const { totals, nodes } = status;
  const moved = totals.bytesUp + totals.bytesDown;
  const less = timesLess(moved, totals.bytesDataParallel);
  const rate = nodes.reduce((sum, node) => sum + node.tokensPerSecond, 0);
  return (
    <section class="panel totals" aria-labelledby="totals-heading">
      <header>
        <h2 id="totals-heading">{words.totals}</h2>
        <a href="audit">{words.audit}</a>
      </header>
      <dl>
        <div>
          <dt>{words.tokens}</dt>
          <dd>{formatCount(totals.tokens)}</dd>
        </div>
        <div>
          <dt>{words.tokensPerSecond}</dt>
          <dd>{formatCount(Math.round(rate))}</dd>
        </div>
        <div>
          <dt>{words.accepted}</dt>
          <dd>{formatCount(totals.contributions)}</dd>
        </div>
        <div>
          <dt>{words.moved}</dt>
          <dd>{formatBytes(moved)}</dd>
        </div>
      </dl>
      {less !== null && (
        <p class="less">
          <strong>{words.less(less)}</strong>
          <span class="muted">{words.dataParallel(formatBytes(totals.bytesDataParallel))}</span>
        </p>
      )}
    </section>
  );
}
