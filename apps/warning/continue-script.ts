/**
 * The page's one script. It leads to the same address by https: only the browser knows the fragment, which may hold the join token,
 * and under which name the relay was opened. Without it the page says how to do the same by hand.
 */
export const continueScript = `
const { hostname, port, pathname, search, hash } = location;
for (const link of document.querySelectorAll('a.go')) {
  link.href = 'https://' + hostname + ':' + (port || '80') + pathname + search + hash;
  link.hidden = false;
}
for (const hint of document.querySelectorAll('.by-hand')) hint.hidden = true;
`;
