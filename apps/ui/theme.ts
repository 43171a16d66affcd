import { signal } from '@preact/signals';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

/** What the reader chose on this page. It is not stored: the pages keep nothing but what training needs. */
export const theme = signal<Theme>('system');

/** Grows whenever the colours in force may have changed, so that canvases know to draw again. */
export const coloursChanged = signal(0);

export function chooseTheme(next: Theme): void {
  theme.value = next;
  if (next === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = next;
  coloursChanged.value++;
}

export function followSystemTheme(): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => coloursChanged.value++);
}
