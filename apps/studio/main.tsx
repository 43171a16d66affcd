import { render } from 'preact';
import '../ui/base.css';
import { keepDescription, keepTitle, openPage } from '../ui/language/open-page.ts';
import { messages } from '../ui/messages.ts';
import { Studio } from './page.tsx';
import { Session } from './session.ts';
import './studio.css';
import './steps/steps.css';

void openPage((mount) => {
  keepTitle(() => messages.studio.title);
  keepDescription(() => messages.studio.description);
  const session = new Session();
  render(<Studio session={session} />, mount);
  void session.open();
});
