import { useMemo } from 'preact/hooks';
import { DownloadLink } from '../ui/files/download-link.tsx';
import { messages } from '../ui/messages.ts';
import type { Failure } from './contribute-view.ts';
import './fork.css';

const words = messages.contribute.fork;

/** What a person does about a relay that signed two journals, with the files that show it. */
export function Fork({ failure }: { failure: Failure }) {
  const { evidence, message, code } = failure;
  const files = useMemo(
    () => evidence.map(({ kind, name, bytes }) => ({ kind, name, blob: new Blob([bytes]) })),
    [evidence],
  );
  const proof = evidence.find(({ kind }) => kind === 'proof');
  return (
    <section class="fork" aria-labelledby="fork-heading">
      <div class="notice" data-tone="bad" role="alert">
        <h2 id="fork-heading">{words.heading}</h2>
        <p>{words.what}</p>
      </div>
      <ol>
        {(proof === undefined ? words.steps : words.stepsWithProof).map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <p class="buttons">
        {files.map((file, index) => (
          <DownloadLink key={file.name} file={file} class={index === 0 ? 'button primary' : 'button'}>
            {words.download[file.kind]}
          </DownloadLink>
        ))}
      </p>
      {proof !== undefined && (
        <p class="help">
          {words.check} <code>tapestry verify {proof.name}</code>
        </p>
      )}
      <details>
        <summary>{words.details}</summary>
        <p>
          {message} <code class="muted">{code}</code>
        </p>
      </details>
    </section>
  );
}
