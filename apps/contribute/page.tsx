import { Cloth } from '../ui/cloth.tsx';
import { ConnectionChip } from '../ui/connection.tsx';
import { Masthead } from '../ui/masthead.tsx';
import { messages } from '../ui/messages.ts';
import type { Controller } from './controller.ts';
import { Controls } from './controls.tsx';
import { Elsewhere } from './elsewhere.tsx';
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
      <Options session={session} />
    </>
  );
}

export function Contribute({ session }: { session: Controller }) {
  const status = session.feed.status.value;
  const busy = session.busy.value;
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
          {!busy && <p class="lead">{words.what}</p>}
          <ProgressLine session={session} />
        </div>
        <div class="left">
          <Decision session={session} />
        </div>
        <div class="right">
          <Notices session={session} />
          <div class="band">
            <Cloth status={status} />
            {status !== null && <p class="muted">{words.run(status.run.name, status.run.parameters)}</p>}
          </div>
          <Yours session={session} />
          <Sent progress={session.progress.value} />
        </div>
        <footer>
          <Forget session={session} />
        </footer>
      </main>
    </>
  );
}
