import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { messages } from '../../ui/messages.ts';
import type { AwayChoice } from '../away/pause-reason.ts';
import { loadAway, storeAway } from '../away/stored-away.ts';
import { loadChoice, type StoredChoice, storeChoice } from '../tab/stored-choice.ts';
import { isAddress } from './own-text.ts';

/**
 * The person's choices. The tab stores them for a reload, of files only their names and of a pasted text nothing; the browser stores
 * those for the time away.
 */
export interface Choice {
  readonly source: Signal<StoredChoice['source']>;
  readonly corpus: Signal<string>;
  readonly files: Signal<readonly File[]>;
  /** Names of the files that were chosen before a reload, and must be chosen again. */
  readonly lostFiles: Signal<readonly string[]>;
  readonly pasted: Signal<string>;
  /** True if a text was pasted before a reload, and must be pasted again. */
  readonly lostPaste: Signal<boolean>;
  readonly token: Signal<string>;
  readonly power: Signal<number>;
  /** Accepted rounds after which the node leaves; null to contribute until the run is complete. */
  readonly stopAfter: Signal<StoredChoice['stopAfter']>;
  /** An inaudible tone while training, against the browser's throttling of hidden tabs. */
  readonly tone: Signal<boolean>;
  /** When the node pauses by itself. */
  readonly away: Signal<AwayChoice>;
  /** The person's own text, as files; none where a corpus is chosen, and while there is no text. */
  readonly ownText: ReadonlySignal<readonly File[]>;
}

/** The choices of the person, as this tab stored them before a reload; `token` from the invitation counts more. */
export function openChoice(token: string): Choice {
  const stored = loadChoice();
  const settings = loadAway();
  const source = signal(stored?.source ?? 'corpus');
  const files = signal<readonly File[]>([]);
  const pasted = signal('');
  const choice: Choice = {
    source,
    corpus: signal(stored?.corpus ?? ''),
    files,
    lostFiles: signal(stored?.fileNames ?? []),
    pasted,
    lostPaste: signal(stored?.hasPasted ?? false),
    token: signal(token === '' ? (stored?.token ?? '') : token),
    power: signal(stored?.power ?? 1),
    stopAfter: signal(stored?.stopAfter ?? null),
    tone: signal(settings.tone),
    away: signal(settings.away),
    ownText: computed(() => {
      if (source.value === 'corpus') return [];
      const text = pasted.value;
      const isText = text.trim() !== '' && !isAddress(text);
      return isText ? [...files.value, new File([text], messages.contribute.pastedName)] : files.value;
    }),
  };
  effect(() => {
    const names = choice.files.value.map((file) => file.name);
    storeChoice({
      source: choice.source.value,
      corpus: choice.corpus.value,
      fileNames: names.length > 0 ? names : [...choice.lostFiles.value],
      hasPasted: choice.pasted.value !== '' || choice.lostPaste.value,
      token: choice.token.value,
      power: choice.power.value,
      stopAfter: choice.stopAfter.value,
    });
  });
  effect(() => storeAway({ tone: choice.tone.value, away: choice.away.value }));
  return choice;
}
