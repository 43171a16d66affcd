import type { ComponentChildren } from 'preact';

/** One of the five steps: a panel with its number and heading. */
export function Step({
  name,
  number,
  heading,
  children,
}: {
  name: string;
  number: number;
  heading: string;
  children: ComponentChildren;
}) {
  return (
    <li class={`panel step ${name}`}>
      <section aria-labelledby={`${name}-heading`}>
        <h2 id={`${name}-heading`}>
          <span class="number" aria-hidden="true">
            {number}
          </span>
          {heading}
        </h2>
        {children}
      </section>
    </li>
  );
}

/** An icon button that removes something. */
export function RemoveButton({
  label,
  disabled,
  onClick,
}: {
  label: string;
  disabled: boolean;
  onClick: () => void;
}) {
  return (
    <button
      type="button"
      class="button quiet remove"
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={onClick}
    >
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path
          fill="none"
          stroke="currentColor"
          stroke-width="2"
          stroke-linecap="round"
          d="M6 6l12 12M18 6L6 18"
        />
      </svg>
    </button>
  );
}
