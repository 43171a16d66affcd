import { type ReadonlySignal, signal } from '@preact/signals';

const name = 'round';

/** The round that a page's fragment names; null if it names none. */
export function roundOf(fragment: string): number | null {
  const text = new URLSearchParams(fragment.replace(/^#/, '')).get(name) ?? '';
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
}

/** The fragment with this round, or with none, and with all else that it had. */
export function withRound(fragment: string, round: number | null): string {
  const parts = new URLSearchParams(fragment.replace(/^#/, ''));
  if (round === null) parts.delete(name);
  else parts.set(name, String(round));
  return parts.size === 0 ? '' : `#${parts}`;
}

/** The round that is open on the page, which its address names: `#round=12`. */
export class OpenedRound {
  readonly #number = signal<number | null>(null);
  readonly #page: Window;

  constructor(page: Window) {
    this.#page = page;
    this.#number.value = roundOf(page.location.hash);
    page.addEventListener('hashchange', () => {
      this.#number.value = roundOf(page.location.hash);
    });
  }

  get number(): ReadonlySignal<number | null> {
    return this.#number;
  }

  /** Opens a round. The browser's Back closes it. */
  open(round: number): void {
    this.#page.location.hash = withRound(this.#page.location.hash, round);
  }

  close(): void {
    const { pathname, search, hash } = this.#page.location;
    this.#page.history.replaceState(null, '', pathname + search + withRound(hash, null));
    this.#number.value = null;
  }
}
