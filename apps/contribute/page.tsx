import { Cloth } from '../ui/cloth.tsx';
import { ConnectionChip } from '../ui/connection.tsx';
import { formatCount } from '../ui/format.ts';
import { Masthead } from '../ui/masthead.tsx';
import { messages } from '../ui/messages.ts';
import type { Controller } from './controller.ts';
import { Controls } from './controls.tsx';
import { Forget } from './forget.tsx';
import { Notices } from './notices.tsx';
import { Sent } from './sent.tsx';
import { Setup } from './setup.tsx';
import { Unsupported } from './unsupported.tsx';
import { Yours } from './yours.tsx';

const words = messages.contribute;

export function Contribute({ session }: { session: Controller }) {
  const status = session.feed.status.value;
  const gpu = session.probe.value?.gpu;
  return (
    <>
      <Masthead run={status?.run.name ?? null}>
        <ConnectionChip connection={session.feed.connection.value} />
        <a class="button quiet" href="dashboard">
          {words.dashboard}
        </a>
      </Masthead>
      <main id="main" class="contribute">
        <div class="intro">
          <h1>{words.heading}</h1>
          <p class="lead">{words.what}</p>
          {status !== null && (
            <p class="muted">{words.run(status.run.name, formatCount(status.run.parameters))}</p>
          )}
        </div>
        <div class="band">
          <Cloth status={status} />
        </div>
        <div class="left">
          {gpu !== undefined && 'obstacle' in gpu ? (
            <Unsupported obstacle={gpu.obstacle} again={session.look} />
          ) : (
            <>
              <Setup session={session} />
              <Controls session={session} />
            </>
          )}
        </div>
        <div class="right">
          <Notices session={session} />
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
