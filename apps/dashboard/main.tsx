import { render } from 'preact';
import '../ui/base.css';
import { language, messages } from '../ui/messages.ts';
import { openStatusFeed } from '../ui/status-feed.ts';
import { followSystemTheme } from '../ui/theme.ts';
import './dashboard.css';
import { Dashboard } from './page.tsx';

const mount = document.getElementById('page');
if (mount !== null) {
  document.documentElement.lang = language;
  document.title = messages.dashboard.title;
  followSystemTheme();
  render(<Dashboard feed={openStatusFeed()} url={new URL(location.href)} />, mount);
}
