import { render } from 'preact';
import '../ui/base.css';
import { language, messages } from '../ui/messages.ts';
import { followSystemTheme } from '../ui/theme.ts';
import { Studio } from './page.tsx';
import { Session } from './session.ts';
import './studio.css';
import './steps/steps.css';

const mount = document.getElementById('page');
if (mount !== null) {
  document.documentElement.lang = language;
  document.title = messages.studio.title;
  followSystemTheme();
  void navigator.serviceWorker?.register('./offline.js');
  const session = new Session();
  render(<Studio session={session} />, mount);
  void session.open();
}
