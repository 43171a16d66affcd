import { messages } from '../ui/messages.ts';
import type { Obstacle } from './worker/worker-api.ts';

/** Explains why this browser cannot train, and what the person can do. */
export function Unsupported({ obstacle, again }: { obstacle: Obstacle; again: () => void }) {
  const words = messages.unsupported;
  const { heading, why, steps } = words[obstacle];
  return (
    <section class="panel unsupported" aria-labelledby="unsupported-heading" data-obstacle={obstacle}>
      <h2 id="unsupported-heading">{heading}</h2>
      <p>{why}</p>
      <p>{words.watchWhy}</p>
      <a class="button primary" href="dashboard">
        {words.watch}
      </a>
      <ul>
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ul>
      <p class="help">{words.headless}</p>
      <button type="button" class="button" onClick={again}>
        {words.retry}
      </button>
    </section>
  );
}
