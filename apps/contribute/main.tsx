import { render } from 'preact';
import '../ui/base.css';
import { keepDescription, openPage } from '../ui/language/open-page.ts';
import { messages } from '../ui/messages.ts';
import { storePages } from '../ui/offline/store-pages.ts';
import { openStatusFeed } from '../ui/status-feed.ts';
import './contribute.css';
import { openController } from './controller.ts';
import { Contribute } from './page.tsx';
import { followInTab } from './tab/tab-effects.ts';

void openPage((mount) => {
  // Browsers do not send the fragment to a server. It is removed from the address so that nobody shares the token by accident.
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get('token') ?? '';
  if (token !== '') history.replaceState(null, '', location.pathname);
  const session = openController(openStatusFeed(), token, fragment.has('evaluate'));
  followInTab(session);
  keepDescription(() => messages.contribute.description);
  render(<Contribute session={session} />, mount);
  void session.look();
  void storePages();
});
