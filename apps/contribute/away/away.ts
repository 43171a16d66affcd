import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { ContributeView } from '../contribute-view.ts';
import { watchBattery } from './battery.ts';
import {
  type AwayChoice,
  type Conditions,
  type PauseKind,
  type PauseReason,
  pauseReason,
  reasonsOf,
} from './pause-reason.ts';
import { watchUse } from './use-watch.ts';

/** Milliseconds between two looks at the clock and at what is in use. */
const lookMilliseconds = 1000;

/** The pauses of a node: those of the person, and those that the person's choices bring about. */
export interface Away {
  readonly choice: Signal<AwayChoice>;
  /** Why the node pauses; null while it trains or is not busy. */
  readonly reason: ReadonlySignal<PauseReason | null>;
  /** Null where the browser does not tell. */
  readonly onBattery: ReadonlySignal<boolean | null>;
  readonly knowsDevice: ReadonlySignal<boolean>;
  /** Asks the person for Idle Detection. */
  askForDevice(): Promise<void>;
  pause(): void;
  /** Pauses, and resumes by itself after so many minutes. */
  pauseFor(minutes: number): void;
  /** Resumes, also against the reasons that count now. */
  resume(): void;
}

/** Pauses and resumes the node as the conditions change, by `hold`. */
export function openAway(
  choice: Signal<AwayChoice>,
  progress: ReadonlySignal<ContributeView>,
  hold: (wanted: boolean) => void,
): Away {
  const now = signal(Date.now());
  const byPerson = signal(false);
  const pausedUntil = signal<number | null>(null);
  const overruled = signal<readonly PauseKind[]>([]);
  const inUse = signal<Conditions['inUse']>(null);
  const onBattery = watchBattery();
  const use = watchUse();
  const busy = computed(() => progress.value.activity !== null);
  const conditions = computed(
    (): Conditions => ({
      choice: choice.value,
      now: now.value,
      byPerson: byPerson.value,
      pausedUntil: pausedUntil.value,
      onBattery: onBattery.value,
      inUse: inUse.value,
      overruled: overruled.value,
    }),
  );
  const reason = computed(() => (busy.value ? pauseReason(conditions.value) : null));
  const look = () =>
    batch(() => {
      now.value = Date.now();
      inUse.value = use.inUse(Date.now());
    });

  effect(() => {
    if (busy.value) {
      look();
      const clock = setInterval(look, lookMilliseconds);
      return () => clearInterval(clock);
    }
    byPerson.value = false;
    pausedUntil.value = null;
    overruled.value = [];
    return undefined;
  });
  effect(() => {
    const kinds = reasonsOf(conditions.value).map(({ kind }) => kind);
    const lasting = overruled.value.filter((kind) => kinds.includes(kind));
    if (lasting.length < overruled.value.length) overruled.value = lasting;
  });
  // A node that finishes has been resumed, and completes its round.
  const wanted = computed(() => reason.value !== null && !progress.value.finishing);
  effect(() => hold(wanted.value));

  return {
    choice,
    reason,
    onBattery,
    knowsDevice: use.knowsDevice,
    askForDevice: use.ask,
    pause() {
      byPerson.value = true;
    },
    pauseFor(minutes) {
      batch(() => {
        look();
        byPerson.value = false;
        pausedUntil.value = Date.now() + minutes * 60_000;
      });
    },
    resume() {
      batch(() => {
        byPerson.value = false;
        pausedUntil.value = null;
        overruled.value = reasonsOf(conditions.value).map(({ kind }) => kind);
      });
    },
  };
}
