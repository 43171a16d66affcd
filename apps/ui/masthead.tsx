import type { ComponentChildren } from 'preact';
import { LanguageSwitch } from './language/language-switch.tsx';
import { messages } from './messages.ts';
import { chooseTheme, theme, themes } from './theme.ts';

/** The logo: plain weave with three threads in each direction. */
export function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <g fill="var(--accent)">
        <rect x="1" y="3" width="12" height="7" rx="2.5" />
        <rect x="19" y="3" width="12" height="7" rx="2.5" />
        <rect x="8" y="12.5" width="16" height="7" rx="2.5" />
        <rect x="1" y="22" width="12" height="7" rx="2.5" />
        <rect x="19" y="22" width="12" height="7" rx="2.5" />
      </g>
      <g fill="var(--dye-2)">
        <rect x="12.5" y="1" width="7" height="11" rx="2.5" />
        <rect x="12.5" y="20" width="7" height="11" rx="2.5" />
        <rect x="3" y="9" width="7" height="14" rx="2.5" />
        <rect x="22" y="9" width="7" height="14" rx="2.5" />
      </g>
    </svg>
  );
}

const themeIcons = {
  system: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm0 2v14a7 7 0 0 1 0-14Z',
  light: 'M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10ZM11 1h2v4h-2zM11 19h2v4h-2zM1 11h4v2H1zM19 11h4v2h-4z',
  dark: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z',
};

function ThemeButton() {
  const next = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? 'system';
  const label = messages.theme[theme.value];
  return (
    <button
      type="button"
      class="button quiet"
      aria-label={label}
      title={label}
      onClick={() => chooseTheme(next)}
    >
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path fill="currentColor" fill-rule="evenodd" d={themeIcons[theme.value]} />
      </svg>
    </button>
  );
}

interface MastheadProps {
  readonly run: string | null;
  /** Where the logo leads; by default to the page that contributes. */
  readonly home?: string;
  readonly children?: ComponentChildren;
}

/** The head of a page: logo, the run's name, the page's own elements, and the theme button. */
export function Masthead({ run, home = './', children }: MastheadProps) {
  return (
    <header class="masthead">
      <a class="skip button" href="#main">
        {messages.skip}
      </a>
      <a class="brand" href={home}>
        <Mark />
        {messages.brand}
      </a>
      {run !== null && <span class="run-name">{run}</span>}
      <div class="end">
        {children}
        <LanguageSwitch />
        <ThemeButton />
      </div>
    </header>
  );
}
