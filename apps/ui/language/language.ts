import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Messages } from '../words/catalogue.ts';
import { isLanguageTag, type LanguageTag, languages, preferredLanguage } from '../words/languages.ts';
import { loadMessages } from '../words/load-messages.ts';
import { locale } from './locale.ts';

const storedName = 'tapestry language';

/**
 * The tag by which numbers and times are written: the browser's tag of the language, which may name a region. The digits are
 * 0 to 9 in Arabic too, because beside them stand hashes, addresses, commands and units that have no others.
 */
export function localeOf(language: LanguageTag, wanted: readonly string[]): string {
  const tag = wanted.find((each) => each.split('-', 1)[0] === language) ?? language;
  return new Intl.Locale(tag, { numberingSystem: 'latn' }).toString();
}

interface Spoken {
  readonly tag: LanguageTag;
  readonly messages: Messages;
}
const spoken = signal<Spoken | null>(null);
/** Counts the wishes, so that a language which loads slowly does not replace a later one. */
let wishes = 0;

/** The language of the page. */
export const language: ReadonlySignal<LanguageTag> = computed(() => spoken.value?.tag ?? 'en');

/** The direction in which the page is read. */
export const direction = computed(() => languages[language.value].direction);

/** Its texts; null until the first language is loaded. */
export const catalogue: ReadonlySignal<Messages | null> = computed(() => spoken.value?.messages ?? null);

/** Loads a language and shows the page in it. What the page does goes on, and what was typed stays. */
export async function speak(tag: LanguageTag): Promise<void> {
  const wish = ++wishes;
  const messages = await loadMessages[tag]();
  if (wish !== wishes) return;
  batch(() => {
    spoken.value = { tag, messages };
    locale.value = localeOf(tag, navigator.languages);
  });
}

/** Loads the language that the person chose here before, or else the browser's. The page waits for it before it renders. */
export async function openLanguage(): Promise<void> {
  const stored = localStorage.getItem(storedName) ?? '';
  await speak(isLanguageTag(stored) ? stored : preferredLanguage(navigator.languages));
}

/** The language that was chosen last and could not be loaded, as its script is only on a relay that does not answer. */
export const missing: Signal<LanguageTag | null> = signal(null);

/** Shows the page in the language that the person chose, now and at the next visit. If it cannot be loaded, the old one stays. */
export async function chooseLanguage(tag: LanguageTag): Promise<void> {
  missing.value = null;
  try {
    await speak(tag);
  } catch {
    missing.value = tag;
    return;
  }
  localStorage.setItem(storedName, tag);
}

/** Removes what the browser stores of the choice. */
export function forgetLanguage(): void {
  localStorage.removeItem(storedName);
}
