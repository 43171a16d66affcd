import { type ReadonlySignal, signal } from '@preact/signals';

/** Milliseconds without a key or pointer after which a device counts as idle. Chrome's least is a minute. */
const idleAfter = 180_000;

/** The part of the Idle Detection API that is used here; Chrome and Edge have it. */
interface Detector extends EventTarget {
  readonly userState: 'active' | 'idle' | null;
  readonly screenState: 'locked' | 'unlocked' | null;
  start(options: { readonly threshold: number }): Promise<void>;
}

declare global {
  var IdleDetector: { new (): Detector; requestPermission(): Promise<'granted' | 'denied'> } | undefined;
}

export interface UseWatch {
  /** True once the browser tells of the whole device; else only this page is watched. */
  readonly knowsDevice: ReadonlySignal<boolean>;
  /** What is in use at this time, in milliseconds since 1970; null if nothing is. */
  inUse(now: number): 'device' | 'page' | null;
  /** Asks the person for Idle Detection, which browsers allow within a click only. */
  ask(): Promise<void>;
}

/** Watches for keys and pointers: on the whole device where that is permitted, else in this page. */
export function watchUse(): UseWatch {
  const knowsDevice = signal(false);
  let detector: Detector | null = null;
  let lastInput = Date.now();
  for (const type of ['keydown', 'pointerdown', 'pointermove', 'wheel'])
    document.addEventListener(
      type,
      () => {
        lastInput = Date.now();
      },
      { capture: true, passive: true },
    );
  const begin = async () => {
    if (globalThis.IdleDetector === undefined || detector !== null) return;
    const opened = new globalThis.IdleDetector();
    try {
      await opened.start({ threshold: idleAfter });
      detector = opened;
      knowsDevice.value = true;
    } catch {
      // Not permitted, or not yet: the page's own input counts.
    }
  };
  // The person may have permitted it at an earlier visit.
  void begin();
  return {
    knowsDevice,
    inUse(now) {
      if (detector === null) return now - lastInput < idleAfter ? 'page' : null;
      return detector.userState === 'idle' || detector.screenState === 'locked' ? null : 'device';
    },
    async ask() {
      if ((await globalThis.IdleDetector?.requestPermission()) === 'granted') await begin();
    },
  };
}
