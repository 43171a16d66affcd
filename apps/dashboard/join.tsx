import type { RelayStatus } from '../../relay/wire/status.ts';
import { formatBytes } from '../ui/format.ts';
import { messages } from '../ui/messages.ts';
import { QrCode } from '../ui/qr-code.tsx';
import type { JoinAddress } from './join-address.ts';

const words = messages.dashboard;

interface Props {
  readonly join: JoinAddress;
  readonly stage: 'empty' | 'running' | 'complete';
  readonly base: RelayStatus['base'] | null;
}

function Reach({ join: { reach } }: Pick<Props, 'join'>) {
  if (reach === 'anyone') return null;
  return (
    <p class="notice" data-tone="warn">
      {reach === 'this-machine' ? words.localOnly : words.insecure}
    </p>
  );
}

/** What the relay's terminal shows too, for people to compare. */
export function CertificateWords({ join: { certificate } }: Pick<Props, 'join'>) {
  if (certificate === null) return null;
  return (
    <p class="certificate">
      {words.certificate}{' '}
      <bdi lang="en">
        <strong>{certificate}</strong>
      </bdi>
    </p>
  );
}

/** How to join; after the last round, where to get the base. */
export function Join({ join, stage, base }: Props) {
  if (stage === 'complete' && base !== null)
    return (
      <section class="panel join" aria-labelledby="join-heading">
        <h2 id="join-heading">{words.base}</h2>
        <p>{words.joinClosed}</p>
        <p class="hash">
          <a href={`blobs/${base.hash}`} download={`${base.hash}.f32`}>
            <code>{base.hash}</code>
          </a>
        </p>
        <p class="muted">{words.baseFile(formatBytes(base.bytes))}</p>
        <p>
          {words.verify} <code>tapestry verify {join.relay}</code>
        </p>
      </section>
    );
  return (
    <section class="panel join" aria-labelledby="join-heading">
      <div class="how">
        <h2 id="join-heading">{words.join}</h2>
        {stage === 'empty' ? (
          <ol class="steps">
            {words.joinSteps.map((step) => (
              <li key={step}>{step}</li>
            ))}
          </ol>
        ) : (
          <p>{words.joinHow}</p>
        )}
        <p class="address">
          <a href={join.address}>{join.typed}</a>
        </p>
        <CertificateWords join={join} />
        {stage === 'empty' && <Reach join={join} />}
      </div>
      <QrCode address={join.address} />
      {stage !== 'empty' && <Reach join={join} />}
    </section>
  );
}
