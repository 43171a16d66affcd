import { type Signal, signal } from '@preact/signals';
import type { PresenterCommand } from '../../../relay/wire/presenter.ts';
import type { Outcome, PresenterClient } from './presenter-client.ts';

/** A command that cannot be taken back, and so is asked about first. Null: the node is still to be chosen. */
export type Asked = { readonly action: 'end' } | { readonly action: 'remove'; readonly node: string | null };

/** One presenter's commands, one at a time, and what became of the last. */
export class PresenterSession {
  readonly busy: Signal<boolean> = signal(false);
  readonly last: Signal<{ readonly command: PresenterCommand; readonly outcome: Outcome } | null> =
    signal(null);
  /** What the page asks the presenter to confirm; null if nothing. */
  readonly asked: Signal<Asked | null> = signal(null);
  readonly #client: PresenterClient;

  constructor(client: PresenterClient) {
    this.#client = client;
  }

  /** Sends the command unless another is under way. */
  async act(command: PresenterCommand): Promise<void> {
    if (this.busy.value) return;
    this.asked.value = null;
    this.busy.value = true;
    try {
      this.last.value = { command, outcome: await this.#client.act(command) };
    } finally {
      this.busy.value = false;
    }
  }
}
