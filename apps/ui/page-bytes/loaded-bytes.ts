/**
 * Tells `add` what this page or worker downloads, in bytes with headers, by the browser's resource timing: what was loaded before, and
 * then whatever is loaded later. Files that come from a cache have none. An observer sees every entry, also past the browser's buffer.
 */
export function watchLoaded(
  types: readonly ('navigation' | 'resource')[],
  isOwn: (entry: PerformanceResourceTiming) => boolean,
  add: (bytes: number) => void,
): void {
  const observer = new PerformanceObserver((list) => {
    let bytes = 0;
    for (const entry of list.getEntries()) {
      if (entry instanceof PerformanceResourceTiming && isOwn(entry)) bytes += entry.transferSize;
    }
    if (bytes > 0) add(bytes);
  });
  for (const type of types) observer.observe({ type, buffered: true });
}
