/** Where a tab stores the presenter's secret, so that it survives a reload and leaves the address that the hall sees. */
const stored = 'tapestry.presenter';

/**
 * The presenter's secret of the address that the relay printed, or of this tab from before; null if there is none. It leaves the
 * address bar, which may be on the wall.
 */
export function takePresenterSecret(page: URL, tab: Storage, history: History): string | null {
  const given = new URLSearchParams(page.hash.slice(1));
  const secret = given.get('presenter');
  if (secret === null || secret === '') return tab.getItem(stored);
  tab.setItem(stored, secret);
  given.delete('presenter');
  page.hash = given.toString();
  history.replaceState(null, '', page);
  return secret;
}
