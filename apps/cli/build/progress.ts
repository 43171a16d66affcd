import type { StageEvent } from '../../../client/derive/build/run-stage.ts';
import { colour, type Output } from '../terminal/output.ts';
import { loss, quantity } from '../terminal/table.ts';
import { terminalText } from '../terminal/terminal-text.ts';
import { duration } from './prediction.ts';

/** Shows the events of a build: a line that is redrawn on a terminal, a line for each measurement, events with `--json`. */
export class BuildProgress {
  readonly #output: Output;
  #kind = '';

  constructor(output: Output) {
    this.#output = output;
  }

  show(event: StageEvent): void {
    const text = this.#textOf(event);
    if (event.event === 'progress' && !this.#output.json) this.#output.draw([text]);
    else if (text !== '' || this.#output.json) this.#output.progress({ ...event }, text);
  }

  /** A line for people; empty for what only programs are told. */
  #textOf(event: StageEvent): string {
    switch (event.event) {
      case 'stage':
        this.#kind = event.kind;
        return colour('bold', `stage ${event.stage + 1}: ${event.kind}, ${event.steps} steps`);
      case 'progress':
        return `${this.#kind} ${event.step}/${event.steps}  loss ${loss(event.loss)}  ${quantity(event.tokensPerSecond)} tokens/s  ${duration(event.secondsLeft)} left`;
      case 'measurement': {
        const shown = Object.entries(event.values).map(
          ([name, value]) => `${name.replaceAll('_', ' ')} ${loss(value)}`,
        );
        const best = event.best ? colour('green', '  best so far') : '';
        return `  step ${event.step}: ${shown.join(', ')}${best}`;
      }
      case 'stopped-early':
        return `  stopped after step ${event.step}: no measurement was better for a while`;
      case 'device-lost':
        return `  the adapter was lost (${terminalText(event.reason)}); training again from step ${event.step}`;
      case 'kernels-changed':
        return '  other kernels than before the interruption: the last bits may differ';
      case 'kernels-demoted':
        return '  kernels gave wrong numbers on this adapter: it uses the reference kernels in their place';
      case 'rollout':
        return event.failure === null
          ? ''
          : `  step ${event.step}: ${event.failures} rewards failed and count as 0: ${terminalText(event.failure)}`;
      case 'checkpoint':
      case 'measured':
        return '';
      default:
        return event satisfies never;
    }
  }
}
