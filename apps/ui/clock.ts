import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** Milliseconds since 1970, renewed every `interval`; only the component that asks is drawn again. */
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
