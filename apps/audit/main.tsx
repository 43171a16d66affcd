import { render } from 'preact';
import '../ui/base.css';
import { language, messages } from '../ui/messages.ts';
import { followSystemTheme } from '../ui/theme.ts';
import './audit.css';
import { Audit } from './page.tsx';
import { Session } from './session.ts';

const mount = document.getElementById('page');
if (mount !== null) {
  document.documentElement.lang = language;
  document.title = messages.audit.title;
  followSystemTheme();
  // As on the page that contributes: browsers do not send the fragment, and nobody shares the token by accident.
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
  if (token !== '') history.replaceState(null, '', location.pathname);
  render(<Audit session={new Session(token)} relay={new URL('.', location.href)} />, mount);
}
