import { signal } from '@preact/signals';

/** The tag by which numbers and times are written. It changes with the language of the page. */
export const locale = signal('en');
