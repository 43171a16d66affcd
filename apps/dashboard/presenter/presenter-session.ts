import { type Signal, signal } from '@preact/signals';
import type { PresenterCommand } from '../../../relay/wire/presenter.ts';
import type { Outcome, PresenterClient } from './presenter-client.ts';

/** One presenter's commands, one at a time, and what became of the last. */
export class PresenterSession {
  readonly busy: Signal<boolean> = signal(false);
  readonly last: Signal<{ readonly command: PresenterCommand; readonly outcome: Outcome } | null> =
    signal(null);
  readonly #client: PresenterClient;

  constructor(client: PresenterClient) {
    this.#client = client;
  }

  /** Sends the command unless another is under way. */
  async act(command: PresenterCommand): Promise<void> {
    if (this.busy.value) return;
    this.busy.value = true;
    try {
      this.last.value = { command, outcome: await this.#client.act(command) };
    } finally {
      this.busy.value = false;
    }
  }
}
