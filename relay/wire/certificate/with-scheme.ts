/** The same place by the other scheme: the port, which may be the usual one of a scheme and left out, stays the same. */
export function withScheme(url: URL, scheme: 'http' | 'https'): URL {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const other = new URL(url);
  other.protocol = `${scheme}:`;
  other.port = port;
  return other;
}
