/** The lowest tone that a loudspeaker may play, which hardly anyone hears, in hertz. */
const frequency = 20;
/** Some 60 dB below the loudest. Chrome counts a tab as silent, and slows it down once it is hidden, below about 72 dB. */
const gain = 0.001;

/** Plays a tone that nobody hears, so that Chrome does not slow the tab down while it is hidden. */
export class Tone {
  #context: AudioContext | null = null;

  /** Browsers let a page play only once the person has clicked in it, as on Start. */
  want(wanted: boolean): void {
    if (!wanted) {
      void this.#context?.close();
      this.#context = null;
      return;
    }
    if (this.#context !== null) return;
    const context = new AudioContext();
    const volume = new GainNode(context, { gain });
    const source = new OscillatorNode(context, { frequency });
    source.connect(volume).connect(context.destination);
    source.start();
    this.#context = context;
  }
}
