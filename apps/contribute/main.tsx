import { render } from 'preact';
import '../ui/base.css';
import { language, messages } from '../ui/messages.ts';
import { openStatusFeed } from '../ui/status-feed.ts';
import { followSystemTheme } from '../ui/theme.ts';
import './contribute.css';
import { Contribute } from './page.tsx';
import { openSession } from './session.ts';

const mount = document.getElementById('page');
if (mount !== null) {
  document.documentElement.lang = language;
  document.title = messages.contribute.title;
  followSystemTheme();
  // The fragment never reaches a server; it is taken out of the address so that it is not shared by accident.
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
  if (token !== '') history.replaceState(null, '', location.pathname);
  const session = openSession(openStatusFeed(), token);
  render(<Contribute session={session} />, mount);
  void session.look();
}
