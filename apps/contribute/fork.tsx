import { useEffect, useState } from 'preact/hooks';
import type { EvidenceFile } from '../../client/contribute/protocol/evidence.ts';
import { messages } from '../ui/messages.ts';
import type { Failure } from './contribute-view.ts';
import './fork.css';

const words = messages.contribute.fork;

/** A link that saves a file which only this tab has. */
function Download({ file, isMain }: { file: EvidenceFile; isMain: boolean }) {
  const [address, setAddress] = useState('');
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([file.bytes], { type: 'application/octet-stream' }));
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return (
    <a class={isMain ? 'button primary' : 'button'} href={address} download={file.name}>
      {words.download[file.kind]}
    </a>
  );
}

/** What a person does about a relay that signed two journals, with the files that show it. */
export function Fork({ failure }: { failure: Failure }) {
  const { evidence, message, code } = failure;
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
        {evidence.map((file, index) => (
          <Download key={file.name} file={file} isMain={index === 0} />
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
