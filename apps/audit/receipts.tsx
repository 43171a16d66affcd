import { messages } from '../ui/messages.ts';
import type { RunGrid } from './run-grid.ts';
import type { Session } from './session.ts';
import type { ReceiptPlace } from './worker/worker-api.ts';

const words = messages.audit;

/** The most receipts that are listed; the newest of a file. */
const mostListed = 100;

/** Where the visitor chooses what a node kept of the run. */
export function ReceiptsInput({ session }: { session: Session }) {
  return (
    <details open={session.problem.value?.code === 'audit.no-receipt'}>
      <summary>{words.receipts}</summary>
      <label for="receipts">{words.receiptsHelp}</label>
      <input
        id="receipts"
        type="file"
        accept=".txt"
        multiple
        onChange={(event) => {
          session.evidence.value = [...(event.currentTarget.files ?? [])];
        }}
      />
    </details>
  );
}

function Receipt({ grid, receipt, isRefuted }: { grid: RunGrid; receipt: ReceiptPlace; isRefuted: boolean }) {
  const contribution = grid.at(receipt.sequence);
  const state = isRefuted || contribution === null ? null : grid.stateOf(contribution);
  const base = contribution && grid.baseOf(grid.roundOf(contribution));
  return (
    <li>
      <span class="chip" data-tone={state === 'derived' ? 'good' : state === null ? 'bad' : 'idle'}>
        {words.receipt(receipt.sequence, contribution && grid.roundOf(contribution))}
      </span>{' '}
      {state === null ? words.receiptRefuted : words.states[state]}
      {state === 'derived' && (
        <>
          {' '}
          <code class="hash">{base}</code>
        </>
      )}
    </li>
  );
}

/** Whether each contribution of the visitor's receipts is part of a base. */
export function Receipts({ session }: { session: Session }) {
  const report = session.report.value;
  const receipts = session.receipts.value;
  if (report === null || receipts.length === 0) return null;
  const refuted = new Set(report.problems.map(({ place }) => place));
  return (
    <section class="panel receipts" aria-labelledby="receipts-heading">
      <h2 id="receipts-heading">{words.receiptsHeading(receipts.length)}</h2>
      <ul>
        {receipts.slice(-mostListed).map((receipt) => (
          <Receipt
            key={receipt.place}
            grid={session.grid.value}
            receipt={receipt}
            isRefuted={refuted.has(receipt.place)}
          />
        ))}
      </ul>
    </section>
  );
}
