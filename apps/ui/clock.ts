import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** Milliseconds since 1970, updated every `interval` milliseconds. Only the component that uses it is rendered again. */
export function useNow(interval = 500): number {
  const now = useSignal(Date.now());
  useEffect(() => {
    const clock = setInterval(() => {
      now.value = Date.now();
    }, interval);
    return () => clearInterval(clock);
  }, [now, interval]);
  return now.value;
}
