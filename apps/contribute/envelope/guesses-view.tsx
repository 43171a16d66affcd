import { formatCount, formatFigure, formatShare } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import type { Guesses } from './attack/guesses.ts';

const words = messages.envelope;

/** What attacks on the delta told, and what they could not. */
export function GuessesView({ guesses, tokens }: { guesses: Guesses; tokens: number }) {
  const { vocabulary, inText, guessed, right, separation, surest, frequencies, width } = guesses;
  const text = tokens < width ? words.textFew : words.textMany;
  return (
    <>
      <h3>{words.guesses}</h3>
      <p class="help">{words.guessesHelp}</p>
      <h4>{words.tokens}</h4>
      <dl class="attack">
        <Figure name={words.named} value={`${formatCount(guessed)} / ${formatCount(vocabulary)}`} />
        <Figure name={words.precision} value={formatShare(right, guessed)} />
        <Figure name={words.blind} value={formatShare(inText, vocabulary)} />
        <Figure name={words.recall} value={formatShare(right, inText)} />
        {separation !== null && <Figure name={words.separation} value={formatShare(separation, 1)} />}
      </dl>
      <p class="help">{words.separationHelp}</p>
      {surest.length > 0 && (
        <>
          <p id="surest">{words.surest}</p>
          <ul class="surest" aria-labelledby="surest">
            {surest.map(({ text: token, isRight }) => (
              <li key={token} data-right={isRight}>
                <code>{token}</code>
                <span aria-hidden="true">{isRight ? '✓' : '✗'}</span>
                <span class="visually-hidden"> {isRight ? words.right : words.wrong}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      <h4>{words.frequencies}</h4>
      <p>{frequencies === null ? words.frequenciesNone : words.frequenciesAre(formatFigure(frequencies))}</p>
      <h4>{words.text}</h4>
      <p>{text(formatCount(tokens), formatCount(width))}</p>
      <p>{words.textCaveat}</p>
    </>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
