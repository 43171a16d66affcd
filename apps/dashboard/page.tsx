import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { RelayStatus } from '../../relay/wire/status.ts';
import { useNow } from '../ui/clock.ts';
import { ConnectionChip } from '../ui/connection.tsx';
import { formatDuration } from '../ui/format.ts';
import { language } from '../ui/language/language.ts';
import { LossChart } from '../ui/loss-chart.tsx';
import { Masthead } from '../ui/masthead.tsx';
import { messages } from '../ui/messages.ts';
import { lossOfRun } from '../ui/run-loss.ts';
import type { StatusFeed } from '../ui/status-feed.ts';
import { Evaluators } from './evaluators.tsx';
import { FullScreenButton } from './full-screen.tsx';
import { Join } from './join.tsx';
import { type JoinAddress, joinAddress } from './join-address.ts';
import { Nodes } from './nodes.tsx';
import type { CharacterKeys } from './presenter/character-keys.ts';
import { Confirmation } from './presenter/confirmation.tsx';
import { Controls } from './presenter/controls.tsx';
import type { PresenterSession } from './presenter/presenter-session.ts';
import type { OpenedRound } from './round/round-address.ts';
import { RoundDialog } from './round/round-dialog.tsx';
import { RunProgress } from './run-progress.tsx';
import { Sample } from './sample.tsx';
import type { SceneName } from './scenes/scene-keys.ts';
import { Scenes } from './scenes/scenes.tsx';
import type { SpeechFeed } from './speech/speech-feed.ts';
import { Totals } from './totals.tsx';

const words = messages.dashboard;

function Stale({ heardAt }: { heardAt: number }) {
  const now = useNow();
  return (
    <p class="notice" data-tone="warn">
      <span aria-hidden="true">{messages.connection.staleSince(formatDuration(now - heardAt))}</span>
      <span class="visually-hidden" role="alert">
        {messages.connection.stale}
      </span>
    </p>
  );
}

function Loss({ status }: { status: RelayStatus }) {
  // A status comes twice a second, a round seldom: only a new round draws the chart again.
  const { round } = status.base;
  const chart = useMemo(() => lossOfRun(status), [status.run.id, round, language.value]);
  return (
    <section class="panel loss" aria-labelledby="loss-heading">
      <h2 id="loss-heading">
        {messages.loss.title} <small>{messages.loss.unit}</small>
      </h2>
      <LossChart chart={chart} xLabel={messages.loss.round} empty={messages.loss.empty} />
    </section>
  );
}

interface WholeProps {
  readonly status: RelayStatus | null;
  readonly join: JoinAddress;
  readonly stage: 'empty' | 'running' | 'complete';
  readonly presenter: PresenterSession | null;
  readonly opened: OpenedRound;
  /** Opens the scene in which the bases write. */
  readonly openSpeech: () => void;
}

/** The whole run on one screen. */
function Whole({ status, join, stage, presenter, opened, openSpeech }: WholeProps) {
  return (
    <>
      {presenter !== null && status !== null && <Controls session={presenter} round={status.round} />}
      <RunProgress status={status} opened={opened} />
      {stage === 'empty' || status === null ? (
        <Join join={join} stage="empty" base={null} />
      ) : (
        <>
          <div class="column">
            <Loss status={status} />
            <Nodes status={status} presenter={presenter} />
            <Evaluators status={status} />
            {(stage === 'running' || status.sample !== null) && (
              <Sample status={status} openSpeech={openSpeech} />
            )}
          </div>
          <div class="column">
            <Join join={join} stage={stage} base={status.base} />
            <Totals status={status} />
          </div>
        </>
      )}
    </>
  );
}

interface Props {
  readonly feed: StatusFeed;
  /** The page's own address. */
  readonly url: URL;
  /** Null for viewers, who cannot change anything. */
  readonly presenter: PresenterSession | null;
  readonly keys: CharacterKeys;
  readonly opened: OpenedRound;
  readonly speech: SpeechFeed;
}

/** Everything that a room needs to follow a run, and what its presenter needs to steer it. */
export function Dashboard({ feed, url, presenter, keys, opened, speech }: Props) {
  const status = feed.status.value;
  /** Null while the whole dashboard is shown. */
  const scene = useSignal<SceneName | null>(null);
  const join = joinAddress(url, status);
  const connection = feed.connection.value;
  const stage =
    status?.round.phase === 'complete'
      ? 'complete'
      : status === null || (status.history.length === 0 && status.nodes.length === 0)
        ? 'empty'
        : 'running';
  return (
    <>
      <Masthead run={status?.run.name ?? null}>
        <ConnectionChip connection={connection} />
        {status !== null && scene.value === null && (
          <button
            type="button"
            class="button quiet"
            onClick={() => {
              scene.value = status.round.phase === 'complete' ? 'thanks' : 'join';
            }}
          >
            {messages.scenes.open}
          </button>
        )}
        <FullScreenButton />
      </Masthead>
      <main
        id="main"
        class="dashboard"
        data-stage={scene.value === null ? stage : 'scenes'}
        data-connection={connection}
      >
        <h1 class="visually-hidden">{words.title}</h1>
        {connection === 'stale' && <Stale heardAt={feed.heardAt.value} />}
        {connection === 'unreadable' && (
          <p class="notice" data-tone="bad" role="alert">
            {messages.connection.unreadable}
          </p>
        )}
        {status !== null && scene.value !== null ? (
          <Scenes
            scene={scene}
            name={scene.value}
            status={status}
            join={join}
            presenter={presenter}
            keys={keys}
            opened={opened}
            speech={speech}
          />
        ) : (
          <Whole
            status={status}
            join={join}
            stage={stage}
            presenter={presenter}
            opened={opened}
            openSpeech={() => {
              scene.value = 'speak';
            }}
          />
        )}
        {status !== null && (
          <RoundDialog
            opened={opened}
            committed={status.base.round}
            rounds={status.run.rounds}
            inHall={scene.value !== null}
          />
        )}
        {presenter !== null && <Confirmation session={presenter} nodes={status?.nodes ?? []} />}
      </main>
    </>
  );
}
