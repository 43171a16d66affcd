/** The tokens whose keys and values a sequence of a decoder holds. */
export class HeldTokens {
  #tokens: number[] = [];
  /** The first tokens that were read in blocks; see `GpuDecoder.rewind`. */
  #inBlocks = 0;

  get length(): number {
    return this.#tokens.length;
  }

  add(token: number, inBlock = false): void {
    if (inBlock && this.#inBlocks === this.#tokens.length) this.#inBlocks++;
    this.#tokens.push(token);
  }

  /** Forgets all tokens from this one on. */
  truncate(length: number): void {
    this.#tokens.length = length;
    this.#inBlocks = Math.min(this.#inBlocks, length);
  }

  /** How many of the first `tokens` are held, of those that were read in blocks if `inBlocks`; the last never counts. */
  shared(tokens: readonly number[], inBlocks = false): number {
    const most = Math.min(inBlocks ? this.#inBlocks : this.length, tokens.length - 1);
    const differs = tokens.findIndex((token, at) => at >= most || token !== this.#tokens[at]);
    return Math.max(0, differs);
  }
}
