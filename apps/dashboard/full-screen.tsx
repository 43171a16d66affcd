import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { messages } from '../ui/messages.ts';

/** Absent where the browser has no full screen for pages (phones). */
export function FullScreenButton() {
  const full = useSignal(document.fullscreenElement !== null);
  useEffect(() => {
    const changed = () => {
      full.value = document.fullscreenElement !== null;
    };
    document.addEventListener('fullscreenchange', changed);
    return () => document.removeEventListener('fullscreenchange', changed);
  }, [full]);
  if (!document.fullscreenEnabled) return null;
  const label = full.value ? messages.dashboard.leaveFullScreen : messages.dashboard.fullScreen;
  const toggle = () =>
    full.value ? document.exitFullscreen() : document.documentElement.requestFullscreen();
  return (
    <button type="button" class="button quiet" aria-label={label} title={label} onClick={toggle}>
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path
          fill="none"
          stroke="currentColor"
          stroke-width="2"
          d={full.value ? 'M9 4v5H4M15 4v5h5M9 20v-5H4M15 20v-5h5' : 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5'}
        />
      </svg>
    </button>
  );
}
