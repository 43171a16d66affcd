import { type ReadonlySignal, signal } from '@preact/signals';
import * as v from 'valibot';
import { contributing, lockName } from '../../../client/host/browser/runtime.ts';

/** What the tabs of a browser say to each other: the title of the tab that trains, a question for it, or "show yourself". */
const messageSchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('title'), title: v.pipe(v.string(), v.maxLength(300)) }),
  v.strictObject({ kind: v.picklist(['ask', 'show']) }),
]);
type Message = v.InferOutput<typeof messageSchema>;

/** Milliseconds between two looks at whether the other tab still trains. */
const lookMilliseconds = 1000;

export interface OtherTab {
  /** Title of the tab of this browser that trains, empty until it has said it; null while none but this one trains. */
  readonly title: ReadonlySignal<string | null>;
  /** True after another tab asked this one to show itself, until a person has looked at it. */
  readonly isCalled: ReadonlySignal<boolean>;
  /** Tells the other tabs this tab's title while it trains; null when it does not. */
  tell(title: string | null): void;
  /** Asks the tab that trains to show itself. */
  call(): void;
}

/**
 * Watches for another tab that contributes. The lock that the worker holds says whether there is one, also after a crash;
 * the channel only carries its title.
 */
export function watchOtherTab(): OtherTab {
  const title = signal<string | null>(null);
  const isCalled = signal(false);
  const channel = new BroadcastChannel(lockName(contributing));
  let own: string | null = null;
  const say = (message: Message) => channel.postMessage(message);

  channel.onmessage = ({ data }) => {
    const parsed = v.safeParse(messageSchema, data);
    if (!parsed.success) return;
    const message = parsed.output;
    if (message.kind === 'title') {
      if (own === null) title.value = message.title;
      return;
    }
    if (own === null) return;
    if (message.kind === 'show') {
      isCalled.value = document.visibilityState !== 'visible';
      window.focus();
    }
    say({ kind: 'title', title: own });
  };
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') isCalled.value = false;
  });

  const look = async () => {
    const { held = [] } = await navigator.locks.query();
    const isElsewhere = own === null && held.some(({ name }) => name === lockName(contributing));
    if (!isElsewhere) title.value = null;
    else if (title.value === null) {
      title.value = '';
      say({ kind: 'ask' });
    }
  };
  // Browsers offer locks to secure addresses only, where alone a tab can train.
  if (isSecureContext) {
    setInterval(look, lookMilliseconds);
    void look();
  }
  return {
    title,
    isCalled,
    tell(next) {
      if (next === own) return;
      own = next;
      if (next === null) return;
      title.value = null;
      say({ kind: 'title', title: next });
    },
    call: () => say({ kind: 'show' }),
  };
}
