/**
 * Resolves in a later turn of this thread's event loop, so that long work lets what waits go first. A browser, where the audit
 * page runs the same merges, has no `setImmediate`, and its timers would delay each turn by 4 milliseconds.
 */
export const nextTurn: () => Promise<void> =
  typeof setImmediate === 'function'
    ? () => new Promise((resolve) => void setImmediate(resolve))
    : turnsByMessages();

function turnsByMessages(): () => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      port2.postMessage(null);
    });
}
