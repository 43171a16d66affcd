import { effect } from '@preact/signals';
import { keepFocus } from '../focus/kept-focus.ts';
import { followSystemTheme } from '../theme.ts';
import { direction, language, openLanguage } from './language.ts';

/** Opens the page that the document is for, in its language, and lets the document say which that is. */
export async function openPage(open: (mount: HTMLElement) => void): Promise<void> {
  const mount = document.getElementById('page');
  if (mount === null) return;
  await openLanguage();
  effect(() => {
    const root = document.documentElement;
    root.lang = language.value;
    root.dir = direction.value;
  });
  followSystemTheme();
  keepFocus();
  open(mount);
}

/** Keeps the document's description, which may change with the language. The file of the page has the English one. */
export function keepDescription(description: () => string): void {
  const meta = document.querySelector<HTMLMetaElement>('meta[name=description]');
  effect(() => {
    if (meta !== null) meta.content = description();
  });
}

/** Keeps the document's title, which may change with the language. */
export function keepTitle(title: () => string): void {
  effect(() => {
    document.title = title();
  });
}
