import type { Contributor } from '../../../client/contribute/contributor.ts';

/**
 * The person's controls of a run: pause, resume, finish and power. While the text is being read, the run has no contributor
 * yet; the controls are stored, and `attach` applies them.
 */
export class Controls {
  #contributor: Pick<Contributor, 'pause' | 'resume' | 'finish' | 'setPower'> | null = null;
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

  attach(contributor: Pick<Contributor, 'pause' | 'resume' | 'finish' | 'setPower'>): void {
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

  setPower(power: number): void {
    this.#power = power;
    this.#contributor?.setPower(power);
  }
}
