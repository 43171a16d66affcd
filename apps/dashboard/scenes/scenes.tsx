import type { Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { RelayStatus } from '../../../relay/wire/status.ts';
import { useNow } from '../../ui/clock.ts';
import { formatDuration } from '../../ui/format.ts';
import { direction } from '../../ui/language/language.ts';
import { messages } from '../../ui/messages.ts';
import { savePicture } from '../../ui/picture/save-picture.ts';
import { QrCode } from '../../ui/qr-code.tsx';
import { dyes, participation, weavingCorpora } from '../../ui/weave.ts';
import { CertificateWords } from '../join.tsx';
import type { JoinAddress } from '../join-address.ts';
import type { CharacterKeys } from '../presenter/character-keys.ts';
import { commandsFor } from '../presenter/controls.tsx';
import type { PresenterSession } from '../presenter/presenter-session.ts';
import { ClothRounds } from '../round/cloth-rounds.tsx';
import type { OpenedRound } from '../round/round-address.ts';
import { roundEnd } from '../round/round-end.ts';
import { PromptForm } from '../speech/prompt-form.tsx';
import { Speak } from '../speech/speak.tsx';
import type { SpeechFeed } from '../speech/speech-feed.ts';
import { Learn } from './learn.tsx';
import { actionOf, asRead, ownsKeys, type RunCommand, type SceneName, sceneNames } from './scene-keys.ts';
import './scenes.css';

const words = messages.scenes;

interface Props {
  readonly scene: Signal<SceneName | null>;
  readonly name: SceneName;
  readonly status: RelayStatus;
  readonly join: JoinAddress;
  readonly presenter: PresenterSession | null;
  readonly keys: CharacterKeys;
  readonly opened: OpenedRound;
  readonly speech: SpeechFeed;
}

function JoinScene({ status, join }: Pick<Props, 'status' | 'join'>) {
  const isLobby = status.round.phase === 'waiting' && status.round.hold === 'lobby';
  return (
    <div class="join-scene">
      <QrCode address={join.address} />
      <div>
        <p class="address">
          <span>{join.typed}</span>
        </p>
        <p>{words.joinHow}</p>
        <CertificateWords join={join} />
        <p>
          <strong>
            {isLobby ? messages.presenter.lobby(status.nodes.length) : words.here(status.nodes.length)}
          </strong>
        </p>
      </div>
    </div>
  );
}

function WeaveScene({ status, opened }: Pick<Props, 'status' | 'opened'>) {
  const now = useNow();
  const { round, run } = status;
  const isOpen = round.phase === 'training' || round.phase === 'grace';
  const end = roundEnd(status, now);
  return (
    <>
      <ClothRounds status={status} opened={opened} />
      <p>
        <strong>{words.round(round.number, run.rounds)}</strong>
      </p>
      <p>
        {round.hold === 'paused' && !isOpen
          ? messages.presenter.paused
          : isOpen
            ? words.contributions(round.contributions, round.target)
            : messages.dashboard.phases[round.phase]}
        {end !== null && ` · ${words.left(formatDuration(end - now))}`}
      </p>
    </>
  );
}

function ThanksScene({ status, opened }: Pick<Props, 'status' | 'opened'>) {
  const { totals, run } = status;
  const present = status.nodes.map(({ corpus }) => corpus);
  const corpora = weavingCorpora(run.corpora, present, participation(status.history)).slice(0, dyes);
  return (
    <>
      <p>
        <strong>{words.thanksHeading}</strong>
      </p>
      <ClothRounds status={status} opened={opened} />
      <ul class="corpora">
        {corpora.map((corpus) => (
          <li key={corpus} class={`dye-${corpus % dyes}`}>
            {run.corpora[corpus]}
          </li>
        ))}
      </ul>
      <p>
        {run.name}: {words.thanks(totals.contributions, totals.tokens)}
      </p>
      <p class="keepsakes">
        <button type="button" class="button" onClick={() => print()}>
          {words.print}
        </button>
        <button type="button" class="button" onClick={() => savePicture(status, null)}>
          {words.picture}
        </button>
      </p>
    </>
  );
}

/** Does what a key asks of the presenter; asks first where it cannot be taken back. Nothing if it makes no sense now. */
function command(presenter: PresenterSession, action: RunCommand, round: RelayStatus['round']): void {
  const sensible = commandsFor(round);
  if (sensible.length === 0) return;
  if (action === 'remove') presenter.asked.value = { action, node: null };
  else if (action === 'end') presenter.asked.value = { action };
  else if (sensible.includes(action)) void presenter.act({ action });
}

/** The run for a hall, one thing at a time, driven by keys. */
export function Scenes({ scene, name, status, join, presenter, keys, opened, speech }: Props) {
  const place = useRef<HTMLElement>(null);
  const isSpeaking = name === 'speak' && status.speech !== undefined;
  useEffect(() => {
    if (!isSpeaking) return;
    void speech.refresh();
    // Bases write for as long as somebody asks.
    const asking = setInterval(() => void speech.refresh(), 10_000);
    return () => clearInterval(asking);
  }, [isSpeaking, status.speech, speech]);
  const said = isSpeaking ? speech.speech.value : null;
  const skip = () => {
    const prompt = speech.speech.value?.prompt.id;
    if (prompt !== undefined) void presenter?.act({ action: 'skip', prompt });
  };
  useEffect(() => place.current?.focus(), [name]);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.metaKey || scene.value === null) return;
      if (ownsKeys(event.target)) return;
      const action = actionOf(asRead(event.key, direction.value), scene.value, keys.areOn.value);
      if (action === null) return;
      event.preventDefault();
      if ('leave' in action) scene.value = null;
      else if ('scene' in action) scene.value = action.scene;
      else if ('nextPrompt' in action) skip();
      else if (presenter !== null) command(presenter, action.command, status.round);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [scene, presenter, keys, status.round.phase, status.round.hold]);
  return (
    <section class="scene" data-scene={name} aria-label={words.names[name]} tabindex={-1} ref={place}>
      <p class="visually-hidden">{keys.areOn.value ? words.keys : words.fewKeys}</p>
      <div class="stage">
        {name === 'join' && <JoinScene status={status} join={join} />}
        {name === 'weave' && <WeaveScene status={status} opened={opened} />}
        {name === 'learn' && <Learn status={status} />}
        {name === 'speak' && <Speak status={status} feed={speech} />}
        {name === 'thanks' && <ThanksScene status={status} opened={opened} />}
      </div>
      {said?.isOpen === true && <PromptForm feed={speech} speech={said} />}
      <nav class="scene-names">
        {said !== null && presenter !== null && (
          <button type="button" class="button" onClick={skip}>
            {messages.scenes.speech.skip}
          </button>
        )}
        {sceneNames.map((other) => (
          <button
            key={other}
            type="button"
            class="button quiet"
            aria-current={other === name ? 'true' : 'false'}
            onClick={() => {
              scene.value = other;
            }}
          >
            {words.names[other]}
          </button>
        ))}
        <button type="button" class="button quiet" onClick={() => keys.toggle()}>
          {keys.areOn.value ? words.keysOff : words.keysOn}
        </button>
        <button
          type="button"
          class="button quiet"
          onClick={() => {
            scene.value = null;
          }}
        >
          {words.close}
        </button>
      </nav>
      {presenter !== null && (
        <p class="visually-hidden" role="status">
          {presenter.last.value !== null && messages.presenter.outcomes[presenter.last.value.outcome]}
        </p>
      )}
    </section>
  );
}
