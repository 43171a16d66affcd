import { useSignal } from '@preact/signals';
import { allows, dataUses } from '../../../client/data/cards/card.ts';
import { messages } from '../../ui/messages.ts';
import { ProblemText } from '../problems.tsx';
import type { Session } from '../session.ts';
import type { DatasetView } from '../worker/worker-api.ts';

const words = messages.studio.card;

/** A dataset's card: whose the data is and what it may take part in, why it may not, and how it is revoked. */
export function Card({ session, dataset }: { session: Session; dataset: DatasetView }) {
  const asked = useSignal(false);
  const { name, card, refusal } = dataset;
  const busy = session.busy.value;
  const isRevoked = refusal?.code === 'card.revoked';
  const lines =
    card === null
      ? []
      : [
          [words.licence, card.licence],
          [words.consent, card.consent ?? words.noConsent],
          ...(card.jurisdiction === undefined ? [] : [[words.jurisdiction, card.jurisdiction]]),
          [words.uses, usesOf(card)],
        ];
  return (
    <div class="card">
      {refusal !== null && (
        <div class="notice" data-tone="bad">
          <ProblemText problem={refusal} />
        </div>
      )}
      <details>
        <summary>
          {card === null ? words.none : words.summary(words.categories[card.category], card.licence)}
        </summary>
        <dl class="facts">
          {lines.map(([term, text]) => (
            <div key={term}>
              <dt>{term}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
        {card === null && <p class="help">{words.add(name)}</p>}
        <div class="buttons">
          {!isRevoked && (
            <button
              type="button"
              class="button"
              disabled={busy}
              aria-label={asked.value ? words.revokeNow(name) : words.revoke(name)}
              onClick={() => {
                if (asked.value) session.revoke(name);
                asked.value = !asked.value;
              }}
            >
              {asked.value ? words.revokeNowShort : words.revokeShort}
            </button>
          )}
          {card !== null && (
            <button
              type="button"
              class="button quiet"
              disabled={busy}
              aria-label={words.removeCard(name)}
              onClick={() => session.removeCard(name)}
            >
              {words.removeCardShort}
            </button>
          )}
        </div>
        {asked.value && (
          <p class="help" role="status">
            {words.revokeHelp}
          </p>
        )}
      </details>
    </div>
  );
}

function usesOf(card: NonNullable<DatasetView['card']>): string {
  return dataUses
    .filter((use) => allows(card, use))
    .map((use) => words.usesOf[use])
    .join(', ');
}
