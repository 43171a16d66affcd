import { Cloth } from '../ui/cloth.tsx';
import { ConnectionChip } from '../ui/connection.tsx';
import { Masthead } from '../ui/masthead.tsx';
import { messages } from '../ui/messages.ts';
import { Ending } from './base/ending.tsx';
import { TryIt } from './base/try-it.tsx';
import type { Controller } from './controller.ts';
import { Controls, Failed } from './controls.tsx';
import { Elsewhere } from './elsewhere.tsx';
import { Evaluate } from './evaluate/evaluate.tsx';
import { Forget } from './forget.tsx';
import { Options } from './options.tsx';
import { Notices } from './progress/notices.tsx';
import { ProgressLine } from './progress/progress-line.tsx';
import { Sent } from './sent.tsx';
import { Gpu, Setup } from './setup.tsx';
import { Unsupported } from './unsupported.tsx';
import { Yours } from './yours.tsx';

const words = messages.contribute;

/** The one decision: which text, then Start. Everything else of the page comes after it. */
function Decision({ session }: { session: Controller }) {
  const gpu = session.probe.value?.gpu;
  // The GPU does one or the other.
  if (session.evaluating.active.value) return null;
  const isOver = session.feed.status.value?.round.phase === 'complete' && !session.busy.value;
  if (isOver)
    return (
      <>
        <Failed session={session} />
        <Ending session={session} />
      </>
    );
  if (gpu !== undefined && 'obstacle' in gpu)
    return <Unsupported obstacle={gpu.obstacle} again={session.look} />;
  const elsewhere = session.otherTab.title.value;
  if (elsewhere !== null && !session.busy.value) return <Elsewhere session={session} title={elsewhere} />;
  return (
    <>
      <section class="panel decision" aria-labelledby="state">
        <Setup session={session} />
        <Controls session={session} />
      </section>
      <Gpu session={session} />
      {session.progress.value.ending === 'finished' && <Ending session={session} />}
      <Options session={session} />
    </>
  );
}

/**
 * The base, to try. A browser on an address that is not secure lacks the cryptography with which bases are checked. A device that
 * cannot train is asked which text is better first.
 */
function Base({ session }: { session: Controller }) {
  const gpu = session.probe.value?.gpu;
  const obstacle = gpu !== undefined && 'obstacle' in gpu ? gpu.obstacle : null;
  return obstacle === 'insecure-context' ? null : (
    <TryIt session={session} first={obstacle === null ? 'rounds' : 'samples'} />
  );
}

export function Contribute({ session }: { session: Controller }) {
  const status = session.feed.status.value;
  const upper = status?.run.upper;
  const busy = session.busy.value;
  const state = session.state.value;
  const takesPart = state !== 'unsupported' && state !== 'over';
  return (
    <>
      <Masthead run={status?.run.name ?? null} home={busy ? '#main' : './'}>
        <ConnectionChip connection={session.feed.connection.value} />
        <a class="button quiet" href="dashboard" {...(busy ? { target: '_blank', rel: 'noopener' } : {})}>
          {words.dashboard}
          {busy && <span class="visually-hidden"> {words.newTab}</span>}
        </a>
      </Masthead>
      <main id="main" class="contribute" data-busy={busy}>
        <div class="intro">
          <h1 class={busy ? 'visually-hidden' : ''}>{words.heading}</h1>
          {!busy && state !== 'over' && <p class="lead">{words.what}</p>}
          <ProgressLine session={session} />
        </div>
        <div class="left">
          <Decision session={session} />
          <Evaluate session={session} />
          <Base session={session} />
        </div>
        <div class="right">
          <Notices session={session} />
          <div class="band">
            <Cloth status={status} />
            {status !== null && <p class="muted">{words.run(status.run.name, status.run.parameters)}</p>}
            {upper !== undefined && <p class="muted">{messages.dashboard.upper(upper.layers, upper.of)}</p>}
          </div>
          {takesPart && (
            <>
              <Yours session={session} />
              <Sent session={session} />
            </>
          )}
        </div>
        <footer>
          <Forget session={session} />
        </footer>
      </main>
    </>
  );
}
