import { type ReadonlySignal, signal } from '@preact/signals';

/** The part of the Battery Status API that is used here. Firefox and Safari have none. */
interface Battery extends EventTarget {
  readonly charging: boolean;
}

declare global {
  interface Navigator {
    getBattery?(): Promise<Battery>;
  }
}

/** True while the device runs on battery; null where the browser does not tell. A device without a battery counts as plugged in. */
export function watchBattery(): ReadonlySignal<boolean | null> {
  const onBattery = signal<boolean | null>(null);
  navigator.getBattery?.().then(
    (battery) => {
      const look = () => {
        onBattery.value = !battery.charging;
      };
      battery.addEventListener('chargingchange', look);
      look();
    },
    () => {
      // A policy may forbid it: the page then offers no such choice.
    },
  );
  return onBattery;
}
