import { render } from 'preact';
import '../ui/base.css';
import { keepDescription, keepTitle, openPage } from '../ui/language/open-page.ts';
import { messages } from '../ui/messages.ts';
import './audit.css';
import { Audit } from './page.tsx';
import { Session } from './session.ts';

void openPage((mount) => {
  keepTitle(() => messages.audit.title);
  keepDescription(() => messages.audit.description);
  // As on the page that contributes: browsers do not send the fragment, and nobody shares the token by accident.
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
  if (token !== '') history.replaceState(null, '', location.pathname);
  render(<Audit session={new Session(token, new URL('.', location.href))} />, mount);
});
