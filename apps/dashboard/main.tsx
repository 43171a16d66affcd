import { render } from 'preact';
import '../ui/base.css';
import { language, messages } from '../ui/messages.ts';
import { openStatusFeed } from '../ui/status-feed.ts';
import { followSystemTheme } from '../ui/theme.ts';
import './dashboard.css';
import { Dashboard } from './page.tsx';
import { PresenterClient } from './presenter/presenter-client.ts';
import { takePresenterSecret } from './presenter/presenter-secret.ts';
import { PresenterSession } from './presenter/presenter-session.ts';

const mount = document.getElementById('page');
if (mount !== null) {
  document.documentElement.lang = language;
  document.title = messages.dashboard.title;
  followSystemTheme();
  const url = new URL(location.href);
  const secret = takePresenterSecret(url, sessionStorage, history);
  const ask = (request: RequestInit) => fetch('api/presenter', request);
  const presenter = secret === null ? null : new PresenterSession(new PresenterClient(secret, ask));
  render(<Dashboard feed={openStatusFeed()} url={url} presenter={presenter} />, mount);
}
