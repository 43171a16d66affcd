import { useSignal } from '@preact/signals';
import { DropZone } from '../ui/files/drop-zone.tsx';
import { Masthead } from '../ui/masthead.tsx';
import { messages } from '../ui/messages.ts';
import { Offline } from '../ui/offline/offline.tsx';
import { Chosen } from './chosen.tsx';
import { FolderInput } from './folder.tsx';
import { Grid } from './grid.tsx';
import { Receipts, ReceiptsInput } from './receipts.tsx';
import { Report } from './report.tsx';
import type { Accepted } from './run-grid.ts';
import type { Session } from './session.ts';
import { Progress, Said, Verdict } from './verdict.tsx';

const words = messages.audit;

function Start({ session }: { session: Session }) {
  const phase = session.phase.value;
  if (phase === 'running')
    return (
      <button type="button" class="button" onClick={() => session.stop()}>
        {words.stop}
      </button>
    );
  return (
    <form
      class="start"
      onSubmit={(event) => {
        event.preventDefault();
        void session.start();
      }}
    >
      <button type="submit" class={`button ${phase === 'done' ? '' : 'primary'}`}>
        {phase === 'ready' ? words.start : words.again}
      </button>
      <details open={session.problem.value?.code === 'relay.closed-to-readers'}>
        <summary>{words.token}</summary>
        <label for="token">{words.tokenHelp}</label>
        <input
          id="token"
          type="password"
          autocomplete="off"
          maxLength={1000}
          value={session.token.value}
          onInput={(event) => {
            session.token.value = event.currentTarget.value;
          }}
        />
      </details>
      <ReceiptsInput session={session} />
      <FolderInput session={session} />
    </form>
  );
}

/** Audits the run of this page's relay, or one in a folder, step by step before the visitor's eyes. */
export function Audit({ session }: { session: Session }) {
  const chosen = useSignal<Accepted | null>(null);
  const grid = session.grid.value;
  return (
    <>
      <Masthead run={null}>
        <Offline />
        <a class="button quiet" href="dashboard">
          {messages.contribute.dashboard}
        </a>
      </Masthead>
      <DropZone here={words.dropHere} help={words.dropHelp} take={(files) => session.open(files)} />
      <main id="main" class="audit">
        <section class="panel head" aria-labelledby="heading">
          <h1 id="heading">{words.heading}</h1>
          <p class="lead">{words.what}</p>
          <Start session={session} />
          <Said session={session} />
          <Progress session={session} />
          <Verdict session={session} />
          <Report session={session} />
        </section>
        <section class="panel" aria-labelledby="grid-heading">
          <h2 id="grid-heading">{words.grid}</h2>
          {grid.nodes.length === 0 ? (
            <p class="muted">{words.gridEmpty}</p>
          ) : (
            <Grid
              grid={grid}
              chosen={chosen.value}
              choose={(contribution) => {
                chosen.value = contribution;
              }}
            />
          )}
        </section>
        <Receipts session={session} />
        <Chosen session={session} contribution={chosen.value} />
      </main>
    </>
  );
}
