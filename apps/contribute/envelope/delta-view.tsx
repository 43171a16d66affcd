import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { formatBytes, formatCount, formatFigure, formatShare } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import { problemOf } from '../../ui/problem.ts';
import type { EnvelopeApi, OwnDelta } from './envelope-api.ts';
import { GuessesView } from './guesses-view.tsx';
import { TensorStrip } from './tensor-strip.tsx';

const words = messages.envelope;

/** The delta that a chunk is part of: a picture, the same in numbers, and what can be guessed from it. */
export function DeltaView({ envelope, chunk }: { envelope: EnvelopeApi; chunk: number }) {
  const delta = useSignal<OwnDelta | null>(null);
  const told = useSignal<string | null>(null);
  useEffect(() => {
    let isCurrent = true;
    delta.value = null;
    told.value = words.opening;
    envelope.openDelta(chunk).then(
      (opened) => {
        if (!isCurrent) return;
        delta.value = typeof opened === 'string' ? null : opened;
        told.value = typeof opened === 'string' ? words.noDelta[opened] : null;
      },
      (error: unknown) => {
        told.value = problemOf(error).message;
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [chunk]);
  return (
    <>
      <h3>{words.delta}</h3>
      {told.value !== null && <p role="status">{told.value}</p>}
      {delta.value !== null && <Delta delta={delta.value} />}
    </>
  );
}

function Delta({ delta }: { delta: OwnDelta }) {
  const { round, payloadBytes, isAsOffered, tensors, norm, guesses, tokens } = delta;
  const all = tensors.reduce(
    (sum, { values, changed }) => ({ values: sum.values + values, changed: sum.changed + changed }),
    { values: 0, changed: 0 },
  );
  return (
    <>
      <p>
        {words.carried(round, formatBytes(payloadBytes))} {isAsOffered ? words.asOffered : words.notAsOffered}
      </p>
      <table class="tensors">
        <caption>
          {words.picture}
          <span class="help">{words.pictureHelp}</span>
        </caption>
        <thead>
          <tr>
            <th scope="col">{words.tensor}</th>
            <th scope="col">{words.changed}</th>
            <th scope="col">{words.norm}</th>
          </tr>
        </thead>
        <tbody>
          {tensors.map((tensor) => (
            <tr key={tensor.name}>
              <th scope="row">
                <code>{tensor.name.replace(/^model\./, '')}</code>{' '}
                <span class="muted">{tensor.shape.join(' × ')}</span>
                <TensorStrip {...tensor} />
              </th>
              <td>{formatShare(tensor.changed, tensor.values)}</td>
              <td>{formatFigure(tensor.norm)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">
              {words.whole} <span class="muted">{formatCount(all.values)}</span>
            </th>
            <td>{formatShare(all.changed, all.values)}</td>
            <td>{formatFigure(norm)}</td>
          </tr>
        </tfoot>
      </table>
      <GuessesView guesses={guesses} tokens={tokens} />
    </>
  );
}
