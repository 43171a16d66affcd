import type { Relay } from '../../../relay/server/server.ts';
import type { RelayStatus } from '../../../relay/wire/status.ts';
import type { NodeDeath } from '../demo/nodes.ts';
import type { Sample } from '../run/speech/writer.ts';
import { colour, type Fact, type Output } from './output.ts';
import { runLine } from './run-line.ts';
import { bytes, loss, quantity, statusTable } from './table.ts';
import { terminalText } from './terminal-text.ts';

/** Shows the progress of a relay's run: a live table on a terminal, a line a round elsewhere, events with `--json`. */
export class ProgressLine {
  readonly #relay: Relay;
  readonly #output: Output;
  readonly #heading: readonly string[];
  readonly #unwatch: () => void;
  #committed: number;
  #status: RelayStatus;

  /** The lines of `heading`, such as addresses, stay in sight above the table. */
  constructor(relay: Relay, output: Output, heading: readonly string[] = []) {
    this.#heading = heading;
    this.#relay = relay;
    this.#output = output;
    this.#status = relay.status();
    this.#committed = this.#status.history.length;
    this.#unwatch = relay.watch((status) => this.#show(status));
    this.#draw();
  }

  sample(sample: Sample): void {
    const text = `${colour('cyan', `after round ${sample.round}:`)} ${colour('dim', terminalText(sample.prompt))}${terminalText(sample.text)}`;
    this.say({ event: 'sample', ...sample }, text);
  }

  problem(problem: unknown): void {
    this.#output.error(problem);
    this.#draw();
  }

  death({ corpus, ended, said, restartMilliseconds }: NodeDeath): void {
    this.say(
      { event: 'node-ended', corpus, ended, said, restartMilliseconds },
      `${colour('yellow', `The node of ${corpus} ended with ${ended}`)} (${terminalText(said)}); it starts again in ${restartMilliseconds / 1000} s.`,
    );
  }

  stop(): void {
    this.#unwatch();
    this.#show(this.#relay.status());
    this.#output.draw([]);
  }

  #show(status: RelayStatus): void {
    this.#status = status;
    for (const round of status.history.slice(this.#committed)) {
      this.#committed++;
      const { bytesUp, bytesDown } = status.totals;
      const heldOut = status.run.corpora.flatMap((corpus, index) => {
        const value = round.heldOutLoss[index] ?? null;
        return value === null ? [] : [`${terminalText(corpus)} ${loss(value)}`];
      });
      this.say(
        { event: 'round', ...round, bytesUp, bytesDown },
        `round ${round.round}/${status.run.rounds}: ${round.contributions} contribution${round.contributions === 1 ? '' : 's'}, ${quantity(round.tokens)} tokens, ` +
          `${round.probeLoss === null ? '' : `loss measured by the relay ${loss(round.probeLoss)}; `}` +
          `as nodes report it, training loss ${loss(round.trainingLoss)}${heldOut.length === 0 ? '' : `, held out before it: ${heldOut.join(', ')}`}; ${bytes(bytesUp)} up, ${bytes(bytesDown)} down`,
      );
    }
    this.#draw();
  }

  /** Prints any other event. */
  say(fact: Fact, text: string): void {
    this.#output.progress(fact, text);
    this.#draw();
  }

  #draw(): void {
    const table = statusTable(this.#status, Date.now());
    this.#output.draw([...this.#heading, runLine(this.#status), ...table]);
  }
}
