import { signal } from '@preact/signals';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

/** The person's choice on this page. It is not stored, because the pages store only data that training needs. */
export const theme = signal<Theme>('system');

/** Increases when the current colours may have changed, so that canvases are drawn again. */
export const coloursChanged = signal(0);

export function chooseTheme(next: Theme): void {
  theme.value = next;
  if (next === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = next;
  coloursChanged.value++;
}

export function followSystemTheme(): void {
  for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)'])
    matchMedia(query).addEventListener('change', () => coloursChanged.value++);
}
