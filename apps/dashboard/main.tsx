import { render } from 'preact';
import '../ui/base.css';
import { keepDescription, keepTitle, openPage } from '../ui/language/open-page.ts';
import { messages } from '../ui/messages.ts';
import { openStatusFeed } from '../ui/status-feed.ts';
import './dashboard.css';
import { Dashboard } from './page.tsx';
import { CharacterKeys } from './presenter/character-keys.ts';
import { PresenterClient } from './presenter/presenter-client.ts';
import { takePresenterSecret } from './presenter/presenter-secret.ts';
import { PresenterSession } from './presenter/presenter-session.ts';
import { OpenedRound } from './round/round-address.ts';
import { SpeechFeed } from './speech/speech-feed.ts';

void openPage((mount) => {
  keepTitle(() => messages.dashboard.title);
  keepDescription(() => messages.dashboard.description);
  const url = new URL(location.href);
  const secret = takePresenterSecret(url, sessionStorage, history);
  const ask = (request: RequestInit) => fetch('api/presenter', request);
  const presenter = secret === null ? null : new PresenterSession(new PresenterClient(secret, ask));
  const keys = new CharacterKeys(sessionStorage);
  const opened = new OpenedRound(window);
  const speech = new SpeechFeed((request) => fetch('api/speech', request));
  const props = { feed: openStatusFeed(), url, presenter, keys, opened, speech };
  render(<Dashboard {...props} />, mount);
});
