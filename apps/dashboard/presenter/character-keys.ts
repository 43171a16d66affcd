import { type Signal, signal } from '@preact/signals';

/** Where a tab stores that its single-character keys are off. */
const stored = 'tapestry.keys';

/**
 * Whether single characters are keys of the presentation. They can be switched off (WCAG 2.1.4): who dictates, or hits keys by
 * mistake, would else change the run. Arrows, PageUp, PageDown and Escape stay.
 */
export class CharacterKeys {
  readonly areOn: Signal<boolean>;
  readonly #tab: Pick<Storage, 'getItem' | 'setItem'>;

  constructor(tab: Pick<Storage, 'getItem' | 'setItem'>) {
    this.#tab = tab;
    this.areOn = signal(tab.getItem(stored) !== 'off');
  }

  toggle(): void {
    this.areOn.value = !this.areOn.value;
    this.#tab.setItem(stored, this.areOn.value ? 'on' : 'off');
  }
}
