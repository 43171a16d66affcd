import type { Contributor } from '../../../client/contribute/contributor.ts';

type Controlled = Pick<Contributor, 'pause' | 'resume' | 'finish' | 'storeSoon' | 'retryNow' | 'setPower'>;

/**
 * The person's controls of a run: pause, resume, finish and power. While the text is being read, the run has no contributor
 * yet; the controls are stored, and `attach` applies them.
 */
export class Controls {
  #contributor: Controlled | null = null;
  #paused = false;
  #finishing = false;
  #power: number | null = null;

  /** Begins a run and drops the stored controls of an earlier run. */
  begin(): void {
    this.#contributor = null;
    this.#paused = false;
    this.#finishing = false;
    this.#power = null;
  }

  attach(contributor: Controlled): void {
    this.#contributor = contributor;
    if (this.#power !== null) contributor.setPower(this.#power);
    if (this.#paused) contributor.pause();
    if (this.#finishing) contributor.finish();
  }

  pause(): void {
    this.#paused = true;
    this.#contributor?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#contributor?.resume();
  }

  finish(): void {
    this.#finishing = true;
    this.#contributor?.finish();
  }

  /** Has no effect while there is no contributor: nothing is in work then. */
  storeSoon(): void {
    this.#contributor?.storeSoon();
  }

  /** Has no effect while there is no contributor: the first connection does not wait. */
  retryNow(): void {
    this.#contributor?.retryNow();
  }

  setPower(power: number): void {
    this.#power = power;
    this.#contributor?.setPower(power);
  }
}
